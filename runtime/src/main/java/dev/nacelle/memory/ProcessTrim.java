package dev.nacelle.memory;

import dev.nacelle.nativeaccess.ProcessPages;

/**
 * Keeps what the process holds beside tensors small and steady. Loading leaves garbage on the Java
 * heap, freed memory in the C library and pages of libraries that nobody reads again; a peak that
 * comes later, in the first step, would stand on top of all that.
 */
public final class ProcessTrim {
  /** The heap may grow by so much before it is collected and shrunk again. */
  private static final long HEAP_GROWTH = 4L << 20;

  private long settledHeap = Long.MAX_VALUE;

  /**
   * Gives back what was needed to get here: to be called when a phase is over, loading say, and
   * before tensors are made. Costs some 50 ms.
   */
  public void settle() {
    // The serial collector gives pages back only in a full collection.
    System.gc();
    ProcessPages.giveBack();
    settledHeap = Runtime.getRuntime().totalMemory();
  }

  /** To be called between steps: collects where the heap grew past what a plan foresees. */
  public void betweenSteps() {
    if (Runtime.getRuntime().totalMemory() - settledHeap > HEAP_GROWTH) {
      System.gc();
    }
  }
}
