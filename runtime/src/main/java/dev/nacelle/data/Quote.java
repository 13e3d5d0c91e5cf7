package dev.nacelle.data;

/** Brings pieces of a user's data into messages, short and on one line. */
final class Quote {
  private static final int SHOWN = 40;
  private static final int LINE = 200;

  private Quote() {}

  static String quote(String text) {
    return '"' + shorten(text) + '"';
  }

  static String shorten(String text) {
    return oneLine(cut(text, SHOWN));
  }

  static String oneLine(String text) {
    StringBuilder line = new StringBuilder();
    cut(text, LINE)
        .codePoints()
        .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? ' ' : c)
        .forEach(line::appendCodePoint);
    return line.toString();
  }

  private static String cut(String text, int units) {
    if (text.length() <= units) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(units - 1)) ? units - 1 : units;
    return text.substring(0, end) + "…";
  }
}
