package dev.nacelle.file;

import java.nio.file.Path;

/**
 * Names out of files, fit for a message: a hostile name must neither move a terminal's cursor nor
 * fill the screen.
 */
public final class Quoted {
  private static final int LONGEST = 120;

  private Quoted() {}

  /** The text in single quotes, control characters escaped, cut after 120 characters. */
  public static String name(String text) {
    StringBuilder out = new StringBuilder("'");
    int end = Math.min(text.length(), LONGEST);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      boolean paired =
          Character.isHighSurrogate(c)
              && i + 1 < end
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (paired && Character.isDefined(text.codePointAt(i))) {
        out.append(c).append(text.charAt(++i));
      } else if (Character.isISOControl(c)
          || Character.isSurrogate(c)
          || Character.getType(c) == Character.FORMAT
          || Character.getType(c) == Character.LINE_SEPARATOR
          || Character.getType(c) == Character.PARAGRAPH_SEPARATOR) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    if (end < text.length()) {
      out.append("… (").append(text.length()).append(" characters)");
    }
    return out.append('\'').toString();
  }

  /** The path as messages show it. */
  public static String path(Path path) {
    String quoted = name(path.toString());
    return path.toString().length() > LONGEST ? quoted : quoted.substring(1, quoted.length() - 1);
  }
}
