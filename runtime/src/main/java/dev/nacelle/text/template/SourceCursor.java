package dev.nacelle.text.template;

import java.util.ArrayList;
import java.util.List;

/** A place in template source, its line, and the tokens found before it. */
final class SourceCursor {
  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int position;
  private int line = 1;
  private boolean lineStarting = true;

  SourceCursor(String source) {
    this.source = source;
  }

  List<Token> tokens() {
    return tokens;
  }

  int position() {
    return position;
  }

  void moveTo(int index) {
    position = index;
  }

  int line() {
    return line;
  }

  boolean atEnd() {
    return position >= source.length();
  }

  /** Whether the last tag ended with its line, so that what follows begins one. */
  boolean lineStarting() {
    return lineStarting;
  }

  /** Moves behind a tag that ends at this index. */
  void finishTag(int end) {
    lineStarting = end > 0 && source.charAt(end - 1) == '\n';
    position = end;
  }

  /** Adds a token whose text stands in the source, and counts its lines. */
  void add(TokenType type, String text) {
    tokens.add(new Token(type, text, text, line));
    countLines(text);
  }

  /** Adds a token that means something else than it says. */
  void add(TokenType type, String text, Object value) {
    tokens.add(new Token(type, text, value, line));
  }

  void countLines(String text) {
    for (int i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
      line++;
    }
  }

  int skipSpace(int from) {
    int i = from;
    while (i < source.length() && Text.isSpace(source.charAt(i))) {
      i++;
    }
    return i;
  }

  /** Index after a closing tag at i, with the space that it swallows; −1 where none begins. */
  int endOfTag(int i, String close, boolean block) {
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
}
