package dev.nacelle.planning;

/**
 * How fast a machine works, as far as a step's time depends on it.
 *
 * @param storageBytesPerSecond written and read again
 * @param isMeasured on this machine, or derived from a table's numbers
 */
public record Rates(Speed speed, double storageBytesPerSecond, boolean isMeasured) {
  /** Every product at one rate. */
  public static Rates derived(double flops, double copy, double storage) {
    return new Rates(new Even(flops, copy), storage, false);
  }

  private record Even(double attention, double copy) implements Speed {
    @Override
    public double product(String form, boolean forward, long rows, long columns) {
      return attention;
    }
  }

  /** For reports. */
  String confidence() {
    return isMeasured ? "measured" : "derived";
  }
}
