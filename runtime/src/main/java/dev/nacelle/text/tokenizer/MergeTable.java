package dev.nacelle.text.tokenizer;

import java.util.Arrays;

/**
 * The merges of a BPE model by rank, and an open hash table from a pair of ids to its rank: 20
 * bytes a merge.
 */
final class MergeTable {
  private final int[] left;
  private final int[] right;
  private final int[] result;
  private final int[] table;

  private MergeTable(int[] left, int[] right, int[] result) {
    this.left = left;
    this.right = right;
    this.result = result;
    this.table = new int[Integer.highestOneBit(Math.max(left.length, 2) * 2 - 1) << 1];
    int mask = table.length - 1;
    for (int rank = 0; rank < left.length; rank++) {
      int slot = hash(left[rank], right[rank]) & mask;
      while (table[slot] != 0 && !is(table[slot] - 1, left[rank], right[rank])) {
        slot = slot + 1 & mask;
      }
      // A pair that is there twice has its later rank, as in the reference.
      table[slot] = rank + 1;
    }
  }

  int size() {
    return left.length;
  }

  /** The rank of the pair, or −1. */
  int rank(int leftId, int rightId) {
    int mask = table.length - 1;
    int slot = hash(leftId, rightId) & mask;
    int entry;
    while ((entry = table[slot]) != 0) {
      if (is(entry - 1, leftId, rightId)) {
        return entry - 1;
      }
      slot = slot + 1 & mask;
    }
    return -1;
  }

  int left(int rank) {
    return left[rank];
  }

  int right(int rank) {
    return right[rank];
  }

  int result(int rank) {
    return result[rank];
  }

  private boolean is(int rank, int leftId, int rightId) {
    return left[rank] == leftId && right[rank] == rightId;
  }

  private static int hash(int left, int right) {
    int h = left * 0x9e3779b1 + right;
    h = (h ^ h >>> 16) * 0x85ebca6b;
    h = (h ^ h >>> 13) * 0xc2b2ae35;
    return h ^ h >>> 16;
  }

  /** Takes merges in the order of their rank. */
  static final class Builder {
    private int[] left = new int[1 << 10];
    private int[] right = new int[1 << 10];
    private int[] result = new int[1 << 10];
    private int size;

    void add(int leftId, int rightId, int resultId) {
      if (size == left.length) {
        int capacity = size + (size >> 1);
        left = Arrays.copyOf(left, capacity);
        right = Arrays.copyOf(right, capacity);
        result = Arrays.copyOf(result, capacity);
      }
      left[size] = leftId;
      right[size] = rightId;
      result[size++] = resultId;
    }

    int size() {
      return size;
    }

    MergeTable build() {
      return new MergeTable(
          Arrays.copyOf(left, size), Arrays.copyOf(right, size), Arrays.copyOf(result, size));
    }
  }
}
