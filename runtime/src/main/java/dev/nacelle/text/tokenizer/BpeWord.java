package dev.nacelle.text.tokenizer;

import java.util.Arrays;

/**
 * One word while its symbols are merged: a linked list of symbols, and a heap of the merges that
 * are possible, best rank first, leftmost among equals. Time grows with n log n, also for a word of
 * a megabyte.
 */
final class BpeWord {
  private static final int END = -1;

  private final MergeTable merges;
  private int[] ids = new int[64];
  private int[] starts = new int[64];
  private int[] ends = new int[64];
  private int[] previous = new int[64];
  private int[] next = new int[64];
  private long[] heap = new long[64];
  private int size;
  private int heapSize;

  BpeWord(MergeTable merges) {
    this.merges = merges;
  }

  boolean isEmpty() {
    return size == 0;
  }

  void add(int id, int start, int end) {
    if (size == ids.length) {
      int capacity = size * 2;
      ids = Arrays.copyOf(ids, capacity);
      starts = Arrays.copyOf(starts, capacity);
      ends = Arrays.copyOf(ends, capacity);
      previous = Arrays.copyOf(previous, capacity);
      next = Arrays.copyOf(next, capacity);
    }
    ids[size] = id;
    starts[size] = start;
    ends[size] = end;
    size++;
  }

  /** Merges all that can be, hands the tokens on, and is empty again. */
  void finish(TokenSink sink) {
    if (size > 1) {
      merge();
      for (int at = 0; at != END; at = next[at]) {
        sink.token(ids[at], starts[at], ends[at]);
      }
    } else if (size == 1) {
      sink.token(ids[0], starts[0], ends[0]);
    }
    size = 0;
  }

  private void merge() {
    heapSize = 0;
    for (int i = 0; i < size; i++) {
      previous[i] = i - 1;
      next[i] = i + 1 < size ? i + 1 : END;
      if (i + 1 < size) {
        offer(i);
      }
    }
    while (heapSize > 0) {
      long top = poll();
      int at = (int) top;
      int rank = (int) (top >>> 32);
      int right = next[at];
      // An entry has expired where its symbol is gone or now makes another token with the next.
      if (ids[at] < 0 || right == END) {
        continue;
      }
      int now = merges.rank(ids[at], ids[right]);
      if (now < 0 || merges.result(now) != merges.result(rank)) {
        continue;
      }
      ids[at] = merges.result(rank);
      ends[at] = ends[right];
      ids[right] = -1;
      next[at] = next[right];
      if (next[right] != END) {
        previous[next[right]] = at;
        offer(at);
      }
      if (previous[at] >= 0) {
        offer(previous[at]);
      }
    }
  }

  /** Puts the merge of the symbol with its next into the heap, if there is one. */
  private void offer(int at) {
    int rank = merges.rank(ids[at], ids[next[at]]);
    if (rank < 0) {
      return;
    }
    if (heapSize == heap.length) {
      heap = Arrays.copyOf(heap, heapSize * 2);
    }
    long entry = (long) rank << 32 | at;
    int i = heapSize++;
    while (i > 0) {
      int parent = (i - 1) >>> 1;
      if (heap[parent] <= entry) {
        break;
      }
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = entry;
  }

  private long poll() {
    long top = heap[0];
    long entry = heap[--heapSize];
    int i = 0;
    while (true) {
      int child = 2 * i + 1;
      if (child >= heapSize) {
        break;
      }
      if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= entry) {
        break;
      }
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = entry;
    return top;
  }
}
