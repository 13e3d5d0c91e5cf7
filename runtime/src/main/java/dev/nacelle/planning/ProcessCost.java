package dev.nacelle.planning;

/**
 * What the process costs beside tensors, scratch and model files, as measured once on this machine
 * by a child process that fine-tunes a small model to its end.
 *
 * @param processBytes code, libraries, metaspace, thread stacks and what the C library keeps
 * @param heapBytes the Java heap of a run with a vocabulary of a few hundred tokens
 * @param flopsPerSecond needed work a second of a training step
 * @param provenance when and with what it was measured
 */
public record ProcessCost(
    long processBytes, long heapBytes, double flopsPerSecond, String provenance) {
  /**
   * Heap that one more token of a vocabulary takes, its merge and its share of what is loose
   * included (SmolLM2's 49,152 tokens beside 257, Serial collector, JDK 25, November 2026).
   */
  private static final long HEAP_BYTES_A_TOKEN = 190;

  /** What a run with a vocabulary of so many tokens costs. */
  long bytes(long vocabulary) {
    return processBytes + heapBytes + HEAP_BYTES_A_TOKEN * vocabulary;
  }
}
