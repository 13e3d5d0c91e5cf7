package dev.nacelle.text.template;

import dev.nacelle.text.template.Token.Type;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Template source to tokens, with {@code trim_blocks} and {@code lstrip_blocks} on: the newline
 * after a block is dropped, and so is the blank space before a block that begins its line, unless a
 * {@code +} says otherwise; a {@code -} strips all space on its side.
 */
final class Lexer {
  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int position;
  private int line = 1;
  private boolean lineStarting = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokenize(String text) {
    String source = text.replace("\r\n", "\n").replace('\r', '\n');
    // keep_trailing_newline is off: one newline at the very end is dropped
    Lexer lexer =
        new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source);
    lexer.root();
    lexer.tokens.add(new Token(Type.EOF, "", "", lexer.line));
    return lexer.tokens;
  }

  private void root() {
    while (position < source.length()) {
      int start = nextTag(position);
      if (start < 0) {
        data(source.substring(position));
        position = source.length();
        return;
      }
      char kind = source.charAt(start + 1);
      String text = source.substring(position, start);
      int raw = kind == '%' ? rawBegin(start) : -1;
      char sign = signAt(start + 2);
      data(strip(text, sign, kind != '{'));
      lines(text.substring(strip(text, sign, kind != '{').length()));
      if (raw >= 0) {
        lines(source.substring(start, raw));
        finishTag(raw);
        raw();
        continue;
      }
      position = start + 2 + (sign == ' ' ? 0 : 1);
      if (kind == '#') {
        comment();
      } else {
        boolean block = kind == '%';
        add(block ? Type.BLOCK_BEGIN : Type.VARIABLE_BEGIN, source.substring(start, position));
        new TagLexer(block).run();
      }
    }
  }

  private int nextTag(int from) {
    for (int i = source.indexOf('{', from); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "%{#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private char signAt(int index) {
    char c = index < source.length() ? source.charAt(index) : ' ';
    return c == '-' || c == '+' ? c : ' ';
  }

  /** End of a {@code {% raw %}} tag at start, or −1 where there is none. */
  private int rawBegin(int start) {
    int i = start + 2 + (signAt(start + 2) == ' ' ? 0 : 1);
    i = skipSpace(i);
    if (!source.startsWith("raw", i)) {
      return -1;
    }
    i = skipSpace(i + 3);
    if (source.startsWith("-%}", i)) {
      return skipSpace(i + 3);
    }
    return source.startsWith("%}", i) ? i + 2 : -1;
  }

  private void raw() {
    for (int start = source.indexOf("{%", position);
        start >= 0;
        start = source.indexOf("{%", start + 1)) {
      char sign = signAt(start + 2);
      int i = skipSpace(start + 2 + (sign == ' ' ? 0 : 1));
      if (source.startsWith("endraw", i)) {
        int end = endOfTag(skipSpace(i + 6), "%}", true);
        if (end >= 0) {
          String text = source.substring(position, start);
          data(strip(text, sign, true));
          lines(text.substring(strip(text, sign, true).length()));
          lines(source.substring(start, end));
          finishTag(end);
          return;
        }
      }
    }
    throw Failure.syntax("Missing end of raw directive", line);
  }

  private void comment() {
    int close = source.indexOf("#}", position);
    if (close < 0) {
      throw Failure.syntax("Missing end of comment tag", line);
    }
    int end = close + 2;
    if (close > position && source.charAt(close - 1) == '-') {
      end = skipSpace(end);
    } else if (!(close > position && source.charAt(close - 1) == '+')
        && end < source.length()
        && source.charAt(end) == '\n') {
      end++;
    }
    lines(source.substring(position, end));
    finishTag(end);
  }

  private void finishTag(int end) {
    lineStarting = end > 0 && source.charAt(end - 1) == '\n';
    position = end;
  }

  /** Index after a closing tag at i, with the space that it swallows; −1 where none begins. */
  private int endOfTag(int i, String close, boolean block) {
    if (block && source.startsWith("+" + close, i)) {
      return i + 3;
    }
    if (source.startsWith("-" + close, i)) {
      return skipSpace(i + 3);
    }
    if (!source.startsWith(close, i)) {
      return -1;
    }
    int end = i + 2;
    return block && end < source.length() && source.charAt(end) == '\n' ? end + 1 : end;
  }

  private String strip(String text, char sign, boolean mayStripLine) {
    if (sign == '-') {
      return Text.stripEnd(text);
    }
    int lineStart = text.lastIndexOf('\n') + 1;
    if (sign != '+' && mayStripLine && (lineStart > 0 || lineStarting)) {
      return Text.isSpace(text.substring(lineStart)) ? text.substring(0, lineStart) : text;
    }
    return text;
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      add(Type.DATA, text);
    }
  }

  private void add(Type type, String text) {
    tokens.add(new Token(type, text, text, line));
    lines(text);
  }

  private void lines(String text) {
    for (int i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
      line++;
    }
  }

  private int skipSpace(int from) {
    int i = from;
    while (i < source.length() && Text.isSpace(source.charAt(i))) {
      i++;
    }
    return i;
  }

  /** The inside of one {@code {% %}} or {@code {{ }}}. */
  private final class TagLexer {
    private static final List<String> OPERATORS =
        List.of(
            "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")",
            "{", "}", ">", "<", "=", ".", ":", "|", ",", ";");

    private final boolean block;
    private final StringBuilder open = new StringBuilder();

    TagLexer(boolean block) {
      this.block = block;
    }

    void run() {
      while (position < source.length()) {
        int end = open.isEmpty() ? endOfTag(position, block ? "%}" : "}}", block) : -1;
        if (end >= 0) {
          add(block ? Type.BLOCK_END : Type.VARIABLE_END, source.substring(position, end));
          finishTag(end);
          return;
        }
        char c = source.charAt(position);
        if (Text.isSpace(c)) {
          int after = skipSpace(position);
          lines(source.substring(position, after));
          position = after;
        } else if (!number(c) && !name() && !string(c)) {
          operator();
        }
      }
    }

    private boolean number(char c) {
      if (c < '0' || c > '9') {
        return false;
      }
      boolean afterDot = position > 0 && source.charAt(position - 1) == '.';
      int end = afterDot ? -1 : NumberLexer.endOfFloat(source, position);
      boolean isFloat = end >= 0;
      if (!isFloat) {
        end = NumberLexer.endOfInteger(source, position);
      }
      String digits = source.substring(position, end).replace("_", "");
      Object value =
          isFloat ? (Object) Double.valueOf(digits) : (Object) NumberLexer.integer(digits, line);
      tokens.add(new Token(isFloat ? Type.FLOAT : Type.INTEGER, digits, value, line));
      position = end;
      return true;
    }

    private boolean name() {
      int end = position;
      while (end < source.length() && isNamePart(source.codePointAt(end))) {
        end += Character.charCount(source.codePointAt(end));
      }
      if (end == position) {
        return false;
      }
      String name = source.substring(position, end);
      int first = name.codePointAt(0);
      if (first != '_' && !Character.isUnicodeIdentifierStart(first)) {
        throw Failure.syntax("Invalid character in identifier", line);
      }
      add(Type.NAME, name);
      position = end;
      return true;
    }

    private boolean isNamePart(int c) {
      return c == '_'
          || Character.isLetterOrDigit(c)
          || (c > 127
              && Character.isUnicodeIdentifierPart(c)
              && !Character.isIdentifierIgnorable(c));
    }

    private boolean string(char quote) {
      if (quote != '\'' && quote != '"') {
        return false;
      }
      for (int i = position + 1; i < source.length(); i++) {
        char c = source.charAt(i);
        if (c == '\\') {
          i++;
        } else if (c == quote) {
          String literal = source.substring(position + 1, i);
          String text = StringEscapes.unescape(literal, line);
          tokens.add(new Token(Type.STRING, text, text, line));
          lines(literal);
          position = i + 1;
          return true;
        }
      }
      return false;
    }

    private @Nullable String operatorHere() {
      for (String candidate : OPERATORS) {
        if (source.startsWith(candidate, position)) {
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
                + Printer.quote(Character.toString(source.codePointAt(position)))
                + " at "
                + source.codePointCount(0, position),
            line);
      }
      int opening = "{([".indexOf(operator);
      if (operator.length() == 1 && opening >= 0) {
        open.append("})]".charAt(opening));
      } else if (operator.length() == 1 && "})]".contains(operator)) {
        if (open.isEmpty()) {
          throw Failure.syntax("unexpected '" + operator + "'", line);
        }
        String expected = open.substring(open.length() - 1);
        open.setLength(open.length() - 1);
        if (!expected.equals(operator)) {
          throw Failure.syntax("unexpected '" + operator + "', expected '" + expected + "'", line);
        }
      }
      add(Type.OPERATOR, operator);
      position += operator.length();
    }
  }
}
