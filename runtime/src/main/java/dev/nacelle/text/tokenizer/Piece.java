package dev.nacelle.text.tokenizer;

/**
 * A stretch of a text on its way to tokens.
 *
 * @param source the text
 * @param from first unit in it
 * @param to unit after the last
 * @param token the id of the added token that this is, or −1: still to be tokenized
 */
record Piece(AlignedText source, int from, int to, int token) {
  static final int NONE = -1;

  Piece(AlignedText source, int from, int to) {
    this(source, from, to, NONE);
  }

  boolean isToken() {
    return token != NONE;
  }

  boolean isEmpty() {
    return from == to;
  }

  AlignedText toText() {
    return source.slice(from, to);
  }

  boolean startsWith(int codePoint) {
    return !isEmpty() && source.text().codePointAt(from) == codePoint;
  }

  static Piece of(AlignedText text) {
    return new Piece(text, 0, text.length());
  }
}
