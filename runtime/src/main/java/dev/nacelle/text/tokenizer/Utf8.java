package dev.nacelle.text.tokenizer;

/** UTF-8 of well-formed text, without allocating. */
final class Utf8 {
  private Utf8() {}

  /** Writes the bytes of {@code text} between the units to {@code to[at…]}; the end comes back. */
  static int encode(CharSequence text, int from, int end, byte[] to, int at) {
    int i = from;
    while (i < end) {
      char c = text.charAt(i++);
      if (c < 0x80) {
        to[at++] = (byte) c;
      } else if (Character.isHighSurrogate(c) && i < end) {
        at = encode(Character.toCodePoint(c, text.charAt(i++)), to, at);
      } else {
        at = encode(c, to, at);
      }
    }
    return at;
  }

  static int encode(int c, byte[] to, int at) {
    if (c < 0x80) {
      to[at++] = (byte) c;
    } else if (c < 0x800) {
      to[at++] = (byte) (0xc0 | c >> 6);
      to[at++] = (byte) (0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
      to[at++] = (byte) (0xe0 | c >> 12);
      to[at++] = (byte) (0x80 | (c >> 6 & 0x3f));
      to[at++] = (byte) (0x80 | (c & 0x3f));
    } else {
      to[at++] = (byte) (0xf0 | c >> 18);
      to[at++] = (byte) (0x80 | (c >> 12 & 0x3f));
      to[at++] = (byte) (0x80 | (c >> 6 & 0x3f));
      to[at++] = (byte) (0x80 | (c & 0x3f));
    }
    return at;
  }
}
