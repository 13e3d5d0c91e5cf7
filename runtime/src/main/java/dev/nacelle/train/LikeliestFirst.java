package dev.nacelle.train;

import java.util.Arrays;

/**
 * The tokens from the likeliest down, found one by one as they are asked for: a draw looks at a few
 * dozen of a vocabulary of 50,000 or more, and all need not be put into order for them. Among equal
 * logits the smaller id comes first.
 */
final class LikeliestFirst {
  /** A heap with the largest on top: the logit's order in the upper half, the id in the lower. */
  private long[] heap = {};

  private int size;
  private int[] found = new int[64];
  private int count;

  /**
   * Starts anew with other logits. The room is kept: of a large vocabulary it is megabytes, and a
   * heap that gets them token by token grows by them.
   */
  void begin(float[] logits) {
    if (heap.length != logits.length) {
      heap = new long[logits.length];
    }
    size = logits.length;
    count = 0;
    for (int i = 0; i < size; i++) {
      heap[i] = (long) order(logits[i]) << 32 | (Integer.MAX_VALUE - i);
    }
    for (int i = size / 2 - 1; i >= 0; i--) {
      sink(i);
    }
  }

  /** An integer that compares as {@link Float#compare} does. */
  private static int order(float value) {
    int bits = Float.floatToIntBits(value);
    return bits ^ (bits >> 31 & Integer.MAX_VALUE);
  }

  /** The id of the likeliest token but {@code rank}. */
  int at(int rank) {
    while (count <= rank) {
      if (count == found.length) {
        found = Arrays.copyOf(found, count * 2);
      }
      found[count++] = Integer.MAX_VALUE - (int) heap[0];
      heap[0] = heap[--size];
      sink(0);
    }
    return found[rank];
  }

  private void sink(int from) {
    long value = heap[from];
    int at = from;
    for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && heap[child + 1] > heap[child]) {
        child++;
      }
      if (heap[child] <= value) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = value;
  }
}
