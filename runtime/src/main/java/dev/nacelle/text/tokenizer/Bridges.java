package dev.nacelle.text.tokenizer;

/**
 * Which pairs of neighbouring characters any merge can ever join. Between two others a word falls
 * into parts that are merged apart, with the same result and a small heap, which matters where no
 * pre-tokenizer splits the text. A Bloom filter with one hash: a false yes costs nothing but time.
 */
final class Bridges {
  private static final int BITS = 1 << 21;

  private final long[] bits = new long[BITS >> 6];

  Bridges(Vocabulary vocabulary, MergeTable merges) {
    for (int rank = 0; rank < merges.size(); rank++) {
      int bit = bit(last(vocabulary, merges.left(rank)), first(vocabulary, merges.right(rank)));
      bits[bit >> 6] |= 1L << bit;
    }
  }

  boolean join(int left, int right) {
    int bit = bit(left, right);
    return (bits[bit >> 6] >>> bit & 1) != 0;
  }

  private static int bit(int left, int right) {
    int h = left * 0x9e3779b1 + right * 0x85ebca6b;
    h = (h ^ h >>> 15) * 0xc2b2ae35;
    return (h ^ h >>> 13) & BITS - 1;
  }

  /** The first character of a token's spelling. */
  static int first(Vocabulary vocabulary, int id) {
    int lead = vocabulary.byteAt(id, 0) & 0xff;
    if (lead < 0x80) {
      return lead;
    }
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    int c = lead & 0x3f >> more;
    for (int i = 1; i <= more; i++) {
      c = c << 6 | (vocabulary.byteAt(id, i) & 0x3f);
    }
    return c;
  }

  /** The last character of a token's spelling. */
  static int last(Vocabulary vocabulary, int id) {
    int c = 0;
    int shift = 0;
    int at = vocabulary.byteLength(id) - 1;
    int b = vocabulary.byteAt(id, at);
    while ((b & 0xc0) == 0x80) {
      c |= (b & 0x3f) << shift;
      shift += 6;
      b = vocabulary.byteAt(id, --at);
    }
    int mask = shift == 0 ? 0x7f : shift == 6 ? 0x1f : shift == 12 ? 0x0f : 0x07;
    return c | (b & mask) << shift;
  }
}
