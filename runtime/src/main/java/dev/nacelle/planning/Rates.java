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
    public double product(
        String form, boolean forward, long rows, long columns, double tokens, double passes) {
      return 2.0 * rows * columns * tokens / attention;
    }

    @Override
    public double between() {
      return copy;
    }

    @Override
    public double betweenBackward() {
      return copy;
    }

    @Override
    public double thin() {
      return copy;
    }

    @Override
    public double paging() {
      // A page mapped anew costs about what copying it costs.
      return copy / 2;
    }
  }

  /** For reports. */
  String confidence() {
    return isMeasured ? "measured" : "derived";
  }
}
