package dev.nacelle.text.tokenizer;

/** Character classes as the reference (Rust's standard library and regex crate) draws them. */
final class Chars {
  private static final int MARKS =
      1 << Character.NON_SPACING_MARK
          | 1 << Character.COMBINING_SPACING_MARK
          | 1 << Character.ENCLOSING_MARK;
  private static final int WORD_TYPES =
      MARKS | 1 << Character.DECIMAL_DIGIT_NUMBER | 1 << Character.CONNECTOR_PUNCTUATION;
  private static final int NUMERIC =
      1 << Character.DECIMAL_DIGIT_NUMBER
          | 1 << Character.LETTER_NUMBER
          | 1 << Character.OTHER_NUMBER;
  private static final int PUNCTUATION =
      1 << Character.CONNECTOR_PUNCTUATION
          | 1 << Character.DASH_PUNCTUATION
          | 1 << Character.START_PUNCTUATION
          | 1 << Character.END_PUNCTUATION
          | 1 << Character.INITIAL_QUOTE_PUNCTUATION
          | 1 << Character.FINAL_QUOTE_PUNCTUATION
          | 1 << Character.OTHER_PUNCTUATION;

  private Chars() {}

  /** The White_Space property: not Character.isWhitespace, which lacks the no-break spaces. */
  static boolean isWhiteSpace(int c) {
    if (c < 0x85) {
      return c == ' ' || (c >= 0x09 && c <= 0x0d);
    }
    return c == 0x85
        || c == 0xa0
        || c == 0x1680
        || (c >= 0x2000 && c <= 0x200a)
        || c == 0x2028
        || c == 0x2029
        || c == 0x202f
        || c == 0x205f
        || c == 0x3000;
  }

  /** {@code \w}: alphabetic, marks, decimal digits, connectors and the two joiners. */
  static boolean isWord(int c) {
    return Character.isAlphabetic(c)
        || (WORD_TYPES >> Character.getType(c) & 1) != 0
        || c == 0x200c
        || c == 0x200d;
  }

  static boolean isNumeric(int c) {
    return (NUMERIC >> Character.getType(c) & 1) != 0;
  }

  static boolean isMark(int c) {
    return (MARKS >> Character.getType(c) & 1) != 0;
  }

  static boolean isPunctuation(int c) {
    return c < 0x80
        ? c > ' ' && c < 0x7f && !Character.isLetterOrDigit(c)
        : (PUNCTUATION >> Character.getType(c) & 1) != 0;
  }

  /** The text with each lone surrogate, which no tokenizer knows, replaced by U+FFFD. */
  static String withoutLoneSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
        continue;
      }
      return replaceFrom(text, i);
    }
    return text;
  }

  private static String replaceFrom(String text, int first) {
    char[] units = text.toCharArray();
    for (int i = first; i < units.length; i++) {
      if (!Character.isSurrogate(units[i])) {
        continue;
      }
      if (Character.isHighSurrogate(units[i])
          && i + 1 < units.length
          && Character.isLowSurrogate(units[i + 1])) {
        i++;
      } else {
        units[i] = '\ufffd';
      }
    }
    return new String(units);
  }
}
