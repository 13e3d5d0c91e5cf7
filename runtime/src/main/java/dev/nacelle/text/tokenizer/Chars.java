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

  /**
   * Punctuation of Unicode 8 and later, first and last of each range: the reference's table is
   * older.
   */
  private static final int[] YOUNG_PUNCTUATION = {
    0x61d, 0x61d, 0x9fd, 0x9fd, 0xa76, 0xa76, 0xc77, 0xc77, 0xc84, 0xc84, 0x1b4e, 0x1b4f, 0x1b7d,
    0x1b7f, 0x2e43, 0x2e4f, 0x2e52, 0x2e5d, 0x10d6e, 0x10d6e, 0x10ead, 0x10ead, 0x10f55, 0x10f59,
    0x10f86, 0x10f89, 0x113d4, 0x113d5, 0x113d7, 0x113d8, 0x1144b, 0x1144f, 0x1145a, 0x1145b,
    0x1145d, 0x1145d, 0x11660, 0x1166c, 0x116b9, 0x116b9, 0x1183b, 0x1183b, 0x11944, 0x11946,
    0x119e2, 0x119e2, 0x11a3f, 0x11a46, 0x11a9a, 0x11a9c, 0x11a9e, 0x11aa2, 0x11b00, 0x11b09,
    0x11be1, 0x11be1, 0x11c41, 0x11c45, 0x11c70, 0x11c71, 0x11ef7, 0x11ef8, 0x11f43, 0x11f4f,
    0x11fff, 0x11fff, 0x12ff1, 0x12ff2, 0x16d6d, 0x16d6f, 0x16e97, 0x16e9a, 0x16fe2, 0x16fe2,
    0x1e5ff, 0x1e5ff, 0x1e95e, 0x1e95f
  };

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

  /** ASCII's punctuation and symbols, and the category P, as of Unicode 7. */
  static boolean isPunctuation(int c) {
    if (c < 0x80) {
      return c > ' ' && c < 0x7f && !Character.isLetterOrDigit(c);
    }
    if (((PUNCTUATION >> Character.getType(c)) & 1) == 0) {
      return c == 0x166d || c == 0x111c9;
    }
    for (int i = 0; i < YOUNG_PUNCTUATION.length; i += 2) {
      if (c >= YOUNG_PUNCTUATION[i] && c <= YOUNG_PUNCTUATION[i + 1]) {
        return false;
      }
    }
    return true;
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
