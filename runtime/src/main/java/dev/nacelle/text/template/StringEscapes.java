package dev.nacelle.text.template;

import java.util.Locale;

/** Python's escapes inside string literals; an unknown one stays as it stands. */
final class StringEscapes {
  private StringEscapes() {}

  static String unescape(String literal, int line) {
    int backslash = literal.indexOf('\\');
    if (backslash < 0) {
      return literal;
    }
    StringBuilder out = new StringBuilder(literal.length());
    int i = 0;
    while (i < literal.length()) {
      char c = literal.charAt(i++);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      if (i == literal.length()) {
        throw Failure.syntax("\\ at end of string", line);
      }
      int escaped = literal.codePointAt(i);
      i += Character.charCount(escaped);
      switch (escaped) {
        case '\n' -> {}
        case '\\', '\'', '"' -> out.append((char) escaped);
        case 'a' -> out.append('\u0007');
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case 'n' -> out.append('\n');
        case 'r' -> out.append('\r');
        case 't' -> out.append('\t');
        case 'v' -> out.append('\u000b');
        case 'x' -> i = hex(literal, i, 2, "truncated \\xXX escape", line, out);
        case 'u' -> i = hex(literal, i, 4, "truncated \\uXXXX escape", line, out);
        case 'U' -> i = hex(literal, i, 8, "truncated \\UXXXXXXXX escape", line, out);
        case 'N' -> i = named(literal, i, line, out);
        default -> i = other(literal, i, escaped, out);
      }
    }
    return out.toString();
  }

  private static int hex(
      String literal, int from, int digits, String message, int line, StringBuilder out) {
    int code = 0;
    for (int i = from; i < from + digits; i++) {
      char c = i < literal.length() ? literal.charAt(i) : ' ';
      int digit = c > 127 ? -1 : Character.digit(c, 16);
      if (digit < 0) {
        throw Failure.syntax(message, line);
      }
      code = code << 4 | digit;
    }
    if (!Character.isValidCodePoint(code)) {
      throw Failure.syntax("illegal Unicode character", line);
    }
    if (code >= 0xD800 && code <= 0xDFFF) {
      throw new Failure(
          TemplateException.Reason.UNSUPPORTED, "a lone surrogate in a string literal", line);
    }
    out.appendCodePoint(code);
    return from + digits;
  }

  private static int named(String literal, int from, int line, StringBuilder out) {
    int close = literal.indexOf('}', from);
    if (from >= literal.length() || literal.charAt(from) != '{' || close < 0) {
      throw Failure.syntax("malformed \\N character escape", line);
    }
    try {
      out.appendCodePoint(Character.codePointOf(literal.substring(from + 1, close)));
    } catch (IllegalArgumentException e) {
      throw Failure.syntax("unknown Unicode character name", line);
    }
    return close + 1;
  }

  private static int other(String literal, int from, int escaped, StringBuilder out) {
    if (escaped >= '0' && escaped <= '7') {
      int code = escaped - '0';
      int i = from;
      while (i < from + 2
          && i < literal.length()
          && literal.charAt(i) >= '0'
          && literal.charAt(i) <= '7') {
        code = code << 3 | (literal.charAt(i++) - '0');
      }
      out.append((char) code);
      return i;
    }
    out.append('\\');
    if (escaped < 128) {
      out.append((char) escaped);
    } else {
      // jinja2 writes characters beyond ASCII as escapes of their own before it reads the literal,
      // so that the backslash before one swallows that escape's backslash
      String form = escaped < 0x100 ? "x%02x" : escaped < 0x10000 ? "u%04x" : "U%08x";
      out.append(String.format(Locale.ROOT, form, escaped));
    }
    return from;
  }
}
