package dev.nacelle.text.tokenizer;

import java.util.stream.IntStream;

/**
 * All tokens that a text begins with at a position: their ids sorted by spelling, narrowed byte by
 * byte. Four bytes a token, where a trie takes a node for each prefix.
 */
final class PrefixSearch {
  /** Takes what was found, shortest first. */
  interface Found {
    void token(int id, int end);
  }

  private final Vocabulary vocabulary;
  private final int[] sorted;
  private final int[] byFirstByte = new int[257];

  PrefixSearch(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    this.sorted =
        IntStream.range(0, vocabulary.size())
            .filter(vocabulary::has)
            .boxed()
            .sorted(vocabulary::compare)
            .mapToInt(Integer::intValue)
            .toArray();
    int at = 0;
    for (int b = 0; b < 256; b++) {
      while (at < sorted.length && (vocabulary.byteAt(sorted[at], 0) & 0xff) < b) {
        at++;
      }
      byFirstByte[b] = at;
    }
    byFirstByte[256] = sorted.length;
  }

  void search(byte[] text, int from, int to, Found found) {
    int first = text[from] & 0xff;
    int low = byFirstByte[first];
    int high = byFirstByte[first + 1];
    for (int depth = 1; low < high; depth++) {
      // Among equal spellings the last id counts; longer ones follow.
      int id = -1;
      while (low < high && vocabulary.byteLength(sorted[low]) == depth) {
        id = sorted[low++];
      }
      if (id >= 0) {
        found.token(id, from + depth);
      }
      if (from + depth == to) {
        return;
      }
      int b = text[from + depth] & 0xff;
      low = bound(low, high, depth, b);
      high = bound(low, high, depth, b + 1);
    }
  }

  /** The first index whose token has at {@code depth} a byte of at least {@code b}. */
  private int bound(int low, int high, int depth, int b) {
    int l = low;
    int h = high;
    while (l < h) {
      int middle = (l + h) >>> 1;
      if ((vocabulary.byteAt(sorted[middle], depth) & 0xff) < b) {
        l = middle + 1;
      } else {
        h = middle;
      }
    }
    return l;
  }
}
