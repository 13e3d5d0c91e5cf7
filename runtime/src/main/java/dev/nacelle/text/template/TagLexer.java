package dev.nacelle.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The inside of one {@code {% %}} or {@code {{ }}}. */
final class TagLexer {
  private static final List<String> OPERATORS =
      List.of(
          "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",", ";");

  private final SourceCursor cursor;
  private final String source;
  private final boolean block;
  private final StringBuilder open = new StringBuilder();

  TagLexer(SourceCursor cursor, String source, boolean block) {
    this.cursor = cursor;
    this.source = source;
    this.block = block;
  }

  void run() {
    while (!cursor.atEnd()) {
      int end =
          open.isEmpty() ? cursor.endOfTag(cursor.position(), block ? "%}" : "}}", block) : -1;
      if (end >= 0) {
        cursor.add(
            block ? TokenType.BLOCK_END : TokenType.VARIABLE_END,
            source.substring(cursor.position(), end));
        cursor.finishTag(end);
        return;
      }
      char c = source.charAt(cursor.position());
      if (Text.isSpace(c)) {
        int after = cursor.skipSpace(cursor.position());
        cursor.countLines(source.substring(cursor.position(), after));
        cursor.moveTo(after);
      } else if (!number(c) && !name() && !string(c)) {
        operator();
      }
    }
  }

  private boolean number(char c) {
    if (c < '0' || c > '9') {
      return false;
    }
    boolean afterDot = cursor.position() > 0 && source.charAt(cursor.position() - 1) == '.';
    int end = afterDot ? -1 : NumberLexer.endOfFloat(source, cursor.position());
    boolean isFloat = end >= 0;
    if (!isFloat) {
      end = NumberLexer.endOfInteger(source, cursor.position());
    }
    String digits = source.substring(cursor.position(), end).replace("_", "");
    Object value =
        isFloat
            ? (Object) Double.valueOf(digits)
            : (Object) NumberLexer.integer(digits, cursor.line());
    cursor.add(isFloat ? TokenType.FLOAT : TokenType.INTEGER, digits, value);
    cursor.moveTo(end);
    return true;
  }

  private boolean name() {
    int end = cursor.position();
    while (end < source.length() && isNamePart(source.codePointAt(end))) {
      end += Character.charCount(source.codePointAt(end));
    }
    if (end == cursor.position()) {
      return false;
    }
    String name = source.substring(cursor.position(), end);
    int first = name.codePointAt(0);
    if (first != '_' && !Character.isUnicodeIdentifierStart(first)) {
      throw Failure.syntax("Invalid character in identifier", cursor.line());
    }
    cursor.add(TokenType.NAME, name);
    cursor.moveTo(end);
    return true;
  }

  private boolean isNamePart(int c) {
    return c == '_'
        || Character.isLetterOrDigit(c)
        || (c > 127 && Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
  }

  private boolean string(char quote) {
    if (quote != '\'' && quote != '"') {
      return false;
    }
    for (int i = cursor.position() + 1; i < source.length(); i++) {
      char c = source.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == quote) {
        String literal = source.substring(cursor.position() + 1, i);
        String text = StringEscapes.unescape(literal, cursor.line());
        cursor.add(TokenType.STRING, text, text);
        cursor.countLines(literal);
        cursor.moveTo(i + 1);
        return true;
      }
    }
    return false;
  }

  private @Nullable String operatorHere() {
    for (String candidate : OPERATORS) {
      if (source.startsWith(candidate, cursor.position())) {
        return candidate;
      }
    }
    return null;
  }

  private void operator() {
    String operator = operatorHere();
    if (operator == null) {
      throw Failure.syntax(
          "unexpected char "
              + Printer.quote(Character.toString(source.codePointAt(cursor.position())))
              + " at "
              + source.codePointCount(0, cursor.position()),
          cursor.line());
    }
    int opening = "{([".indexOf(operator);
    if (operator.length() == 1 && opening >= 0) {
      open.append("})]".charAt(opening));
    } else if (operator.length() == 1 && "})]".contains(operator)) {
      if (open.isEmpty()) {
        throw Failure.syntax("unexpected '" + operator + "'", cursor.line());
      }
      String expected = open.substring(open.length() - 1);
      open.setLength(open.length() - 1);
      if (!expected.equals(operator)) {
        throw Failure.syntax(
            "unexpected '" + operator + "', expected '" + expected + "'", cursor.line());
      }
    }
    cursor.add(TokenType.OPERATOR, operator);
    cursor.moveTo(cursor.position() + operator.length());
  }
}
