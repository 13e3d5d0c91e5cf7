package dev.nacelle.cli;

import dev.nacelle.memory.Budget;

/**
 * What to do where the Java heap is full. The launcher sizes it: a sixth of the budget, or of what
 * is there, between 80 MiB and 1 GiB, as {@code ./nacelle} says. On it lie vocabulary, templates
 * and data in hand, never tensors.
 */
final class HeapAdvice {
  /** The heap's share of the budget. */
  private static final int SHARE = 6;

  /** The heap that the launcher gives at most. */
  private static final long MOST = 1L << 30;

  private HeapAdvice() {}

  static String now() {
    return of(Runtime.getRuntime().maxMemory());
  }

  /**
   * A sentence for a heap of so many bytes.
   *
   * @param heap as the JVM was started with
   */
  static String of(long heap) {
    String records =
        "the heap holds the vocabulary and the records in hand: look for records of many megabytes,"
            + " or use a smaller --batch-size";
    // Java's own word for what it was given is a survivor space short of it.
    if (heap >= MOST - MOST / 8) {
      return records + "; NACELLE_JAVA_OPTS=-Xmx" + 2 * (MOST >> 20) + "m gives it more";
    }
    long enough = 2 * SHARE * heap;
    return "it has "
        + Budget.size(heap)
        + ", a sixth of --budget or of the memory that is there: give it --budget "
        + (enough >> 20)
        + "MiB or more, or free memory; "
        + records;
  }
}
