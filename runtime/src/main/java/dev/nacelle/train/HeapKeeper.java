package dev.nacelle.train;

/**
 * Keeps the Java heap near what lives on it. A collector that has no reason to tidy up lets garbage
 * take pages that tensors need; a full collection of a few megabytes takes some milliseconds.
 */
final class HeapKeeper {
  /** Garbage beyond what was there after loading that is left lying. */
  private static final long LOOSE_BYTES = 4L << 20;

  private long tidy;

  /** Tidies up, and takes what is left for what lives. */
  void tidy() {
    Runtime.getRuntime().gc();
    tidy = Runtime.getRuntime().totalMemory();
  }

  /** Tidies up where the heap has grown. */
  void look() {
    if (Runtime.getRuntime().totalMemory() > tidy + LOOSE_BYTES) {
      Runtime.getRuntime().gc();
    }
  }
}
