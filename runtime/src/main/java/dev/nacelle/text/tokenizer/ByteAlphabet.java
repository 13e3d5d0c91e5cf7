package dev.nacelle.text.tokenizer;

import java.util.Arrays;

/**
 * The printable characters that stand for the 256 bytes in byte-level vocabularies: printable
 * Latin-1 stands for itself, the other bytes for U+0100 upwards in their order.
 */
final class ByteAlphabet {
  private static final char[] CHARACTERS = new char[256];
  private static final short[] BYTES = new short[512];

  static {
    Arrays.fill(BYTES, (short) -1);
    int extra = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b > 0x20 && b < 0x7f) || (b > 0xa0 && b != 0xad);
      CHARACTERS[b] = (char) (printable ? b : extra++);
      BYTES[CHARACTERS[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  static char character(int value) {
    return CHARACTERS[value & 0xff];
  }

  /** The byte that a character stands for, or −1. */
  static int value(char character) {
    return character < BYTES.length ? BYTES[character] : -1;
  }

  /** Appends the characters for the bytes of {@code source} between the two units. */
  static void append(AlignedText.Builder out, AlignedText source, int from, int to) {
    String text = source.text();
    int at = from;
    while (at < to) {
      int c = text.codePointAt(at);
      int next = at + Character.charCount(c);
      int start = source.start(at);
      int end = source.end(next - 1);
      if (c < 0x80) {
        out.append(CHARACTERS[c], start, end);
      } else if (c < 0x800) {
        out.append(CHARACTERS[0xc0 | c >> 6], start, end);
        out.append(CHARACTERS[0x80 | (c & 0x3f)], start, end);
      } else if (c < 0x10000) {
        out.append(CHARACTERS[0xe0 | c >> 12], start, end);
        out.append(CHARACTERS[0x80 | (c >> 6 & 0x3f)], start, end);
        out.append(CHARACTERS[0x80 | (c & 0x3f)], start, end);
      } else {
        out.append(CHARACTERS[0xf0 | c >> 18], start, end);
        out.append(CHARACTERS[0x80 | (c >> 12 & 0x3f)], start, end);
        out.append(CHARACTERS[0x80 | (c >> 6 & 0x3f)], start, end);
        out.append(CHARACTERS[0x80 | (c & 0x3f)], start, end);
      }
      at = next;
    }
  }
}
