package dev.nacelle.planning;

/**
 * How fast a machine works, as far as a step's time depends on it.
 *
 * @param flopsPerSecond needed work a second of a training step over plain weights
 * @param quantizedFlopsPerSecond the same over quantised ones
 * @param fileBytesPerSecond of a mapped file whose pages come back from the system's cache
 * @param storageBytesPerSecond written and read again
 * @param isMeasured on this machine, or derived from a table's numbers
 */
public record Rates(
    double flopsPerSecond,
    double quantizedFlopsPerSecond,
    double fileBytesPerSecond,
    double storageBytesPerSecond,
    boolean isMeasured) {

  /** For reports. */
  String confidence() {
    return isMeasured ? "measured" : "derived";
  }
}
