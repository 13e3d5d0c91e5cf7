package dev.nacelle.train;

/**
 * The learning rate over the steps, as Hugging Face's schedulers: a linear rise from 0 over the
 * warm-up, then constant, a line to 0, or half a cosine to 0.
 *
 * @param peak the rate after the warm-up
 * @param warmupSteps steps of rising
 * @param totalSteps steps of the whole run
 */
public record Schedule(Kind kind, double peak, long warmupSteps, long totalSteps) {
  /** The shape after the warm-up. */
  public enum Kind {
    CONSTANT,
    LINEAR,
    COSINE
  }

  /**
   * @param warmup below 1 a share of the steps, rounded up; from 1 on a count
   */
  public static Schedule of(Kind kind, double peak, double warmup, long totalSteps) {
    long warmupSteps = warmup < 1 ? (long) Math.ceil(totalSteps * warmup) : (long) warmup;
    return new Schedule(kind, peak, warmupSteps, totalSteps);
  }

  /** The rate of step {@code step}, counted from 1. */
  public double rate(long step) {
    long done = step - 1;
    if (done < warmupSteps) {
      return peak * done / Math.max(1, warmupSteps);
    }
    double left = Math.max(1, totalSteps - warmupSteps);
    return switch (kind) {
      case CONSTANT -> peak;
      case LINEAR -> peak * Math.max(0, (totalSteps - done) / left);
      case COSINE -> {
        double progress = (done - warmupSteps) / left;
        yield peak * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
      }
    };
  }
}
