package dev.nacelle.text.template;

import java.util.List;

/**
 * Template source to tokens, with {@code trim_blocks} and {@code lstrip_blocks} on: the newline
 * after a block is dropped, and so is the blank space before a block that begins its line, unless a
 * {@code +} says otherwise; a {@code -} strips all space on its side.
 */
final class Lexer {
  private final String source;
  private final SourceCursor cursor;

  private Lexer(String source) {
    this.source = source;
    this.cursor = new SourceCursor(source);
  }

  static List<Token> tokenize(String text) {
    String source = text.replace("\r\n", "\n").replace('\r', '\n');
    // keep_trailing_newline is off: one newline at the very end is dropped
    Lexer lexer =
        new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source);
    try {
      lexer.root();
    } catch (Failure failure) {
      // the parser may have an earlier complaint: Jinja reads token by token
      lexer.cursor.add(TokenType.ERROR, "", failure);
    }
    lexer.cursor.add(TokenType.EOF, "");
    return lexer.cursor.tokens();
  }

  private void root() {
    while (!cursor.atEnd()) {
      int start = nextTag(cursor.position());
      if (start < 0) {
        data(source.substring(cursor.position()));
        cursor.moveTo(source.length());
        return;
      }
      char kind = source.charAt(start + 1);
      String text = source.substring(cursor.position(), start);
      int raw = kind == '%' ? rawBegin(start) : -1;
      char sign = signAt(start + 2);
      data(strip(text, sign, kind != '{'));
      cursor.countLines(text.substring(strip(text, sign, kind != '{').length()));
      if (raw >= 0) {
        cursor.countLines(source.substring(start, raw));
        cursor.finishTag(raw);
        raw();
        continue;
      }
      cursor.moveTo(start + 2 + (sign == ' ' ? 0 : 1));
      if (kind == '#') {
        comment();
      } else {
        boolean block = kind == '%';
        cursor.add(
            block ? TokenType.BLOCK_BEGIN : TokenType.VARIABLE_BEGIN,
            source.substring(start, cursor.position()));
        new TagLexer(cursor, source, block).run();
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
    i = cursor.skipSpace(i);
    if (!source.startsWith("raw", i)) {
      return -1;
    }
    i = cursor.skipSpace(i + 3);
    if (source.startsWith("-%}", i)) {
      return cursor.skipSpace(i + 3);
    }
    return source.startsWith("%}", i) ? i + 2 : -1;
  }

  private void raw() {
    for (int start = source.indexOf("{%", cursor.position());
        start >= 0;
        start = source.indexOf("{%", start + 1)) {
      char sign = signAt(start + 2);
      int i = cursor.skipSpace(start + 2 + (sign == ' ' ? 0 : 1));
      if (source.startsWith("endraw", i)) {
        int end = cursor.endOfTag(cursor.skipSpace(i + 6), "%}", true);
        if (end >= 0) {
          String text = source.substring(cursor.position(), start);
          data(strip(text, sign, true));
          cursor.countLines(text.substring(strip(text, sign, true).length()));
          cursor.countLines(source.substring(start, end));
          cursor.finishTag(end);
          return;
        }
      }
    }
    throw Failure.syntax("Missing end of raw directive", cursor.line());
  }

  private void comment() {
    int close = source.indexOf("#}", cursor.position());
    if (close < 0) {
      throw Failure.syntax("Missing end of comment tag", cursor.line());
    }
    int end = close + 2;
    if (close > cursor.position() && source.charAt(close - 1) == '-') {
      end = cursor.skipSpace(end);
    } else if (!(close > cursor.position() && source.charAt(close - 1) == '+')
        && end < source.length()
        && source.charAt(end) == '\n') {
      end++;
    }
    cursor.countLines(source.substring(cursor.position(), end));
    cursor.finishTag(end);
  }

  private String strip(String text, char sign, boolean mayStripLine) {
    if (sign == '-') {
      return Text.stripEnd(text);
    }
    int lineStart = text.lastIndexOf('\n') + 1;
    if (sign != '+' && mayStripLine && (lineStart > 0 || cursor.lineStarting())) {
      return Text.isSpace(text.substring(lineStart)) ? text.substring(0, lineStart) : text;
    }
    return text;
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      cursor.add(TokenType.DATA, text);
    }
  }
}
