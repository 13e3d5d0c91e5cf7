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
    // A page mapped anew costs about what copying it costs.
    ByteRates bytes = new ByteRates(copy, copy, copy, copy / 2);
    return new Rates(new Even(flops, bytes), storage, false);
  }

  private record Even(double flops, ByteRates bytes) implements Speed {
    @Override
    public AttentionSpeed attention() {
      return AttentionSpeed.even(flops);
    }

    @Override
    public LowRankSpeed lowRank() {
      return new LowRankSpeed(1 / bytes.copy(), 1 / flops);
    }

    /** Written, and read twice. */
    @Override
    public double logit() {
      return 3 * Float.BYTES / bytes.copy();
    }

    @Override
    public double whole() {
      return 1;
    }

    @Override
    public double product(
        String form, boolean forward, long rows, long columns, double tokens, double passes) {
      return 2.0 * rows * columns * tokens / flops;
    }
  }

  /** For reports. */
  String confidence() {
    return isMeasured ? "measured" : "derived";
  }
}
