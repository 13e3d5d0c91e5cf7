package dev.nacelle.text.template;

/** Number literals: underscores between digits, binary, octal and hexadecimal, exponents. */
final class NumberLexer {
  private NumberLexer() {}

  /** Index after a float that begins at start, or −1 where only an integer does. */
  static int endOfFloat(String source, int start) {
    int whole = digits(source, start, 10);
    int end = whole;
    if (end + 1 < source.length() && source.charAt(end) == '.') {
      int fraction = digits(source, end + 1, 10);
      end = fraction > end + 1 ? fraction : end;
    }
    if (end < source.length() && (source.charAt(end) | 0x20) == 'e') {
      int sign = end + 1;
      if (sign < source.length() && "+-".indexOf(source.charAt(sign)) >= 0) {
        sign++;
      }
      int exponent = digits(source, sign, 10);
      end = exponent > sign ? exponent : end;
    }
    return end > whole ? end : -1;
  }

  /** Index after an integer that begins at start, where a digit is. */
  static int endOfInteger(String source, int start) {
    if (source.charAt(start) != '0') {
      return digits(source, start, 10);
    }
    char kind = start + 1 < source.length() ? (char) (source.charAt(start + 1) | 0x20) : ' ';
    int radix = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
    if (radix > 0) {
      int from = start + 2;
      if (from < source.length() && source.charAt(from) == '_') {
        from++;
      }
      int end = digits(source, from, radix);
      if (end > from) {
        return end;
      }
    }
    return digits(source, start, 1);
  }

  private static int digits(String source, int start, int radix) {
    int end = start;
    for (int i = start; i < source.length(); i++) {
      char c = source.charAt(i);
      int digit = radix == 1 ? (c == '0' ? 0 : -1) : c > 127 ? -1 : Character.digit(c, radix);
      if (digit >= 0) {
        end = i + 1;
      } else if (c != '_' || i != end || i == start) {
        break;
      }
    }
    return end;
  }

  static Long integer(String digits, int line) {
    try {
      if (digits.length() > 2 && Character.isLetter(digits.charAt(1))) {
        int radix =
            switch (digits.charAt(1) | 0x20) {
              case 'x' -> 16;
              case 'o' -> 8;
              default -> 2;
            };
        return Long.valueOf(digits.substring(2), radix);
      }
      return Long.valueOf(digits);
    } catch (NumberFormatException e) {
      throw new Failure(
          TemplateException.Reason.UNSUPPORTED, "an integer literal beyond 64 bits", line);
    }
  }
}
