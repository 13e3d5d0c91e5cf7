package dev.nacelle;

/**
 * Hears how far something long is, on the thread that called it. An exception of its own ends the
 * call and comes out of it as it is.
 */
@FunctionalInterface
public interface ProgressListener {
  /** Hears nothing. */
  ProgressListener NONE = (what, done, total) -> {};

  /**
   * @param what {@code reading} (bytes) or {@code evaluating} (records)
   * @param done of {@code total}
   */
  void at(String what, long done, long total);
}
