package dev.nacelle.cli.op;

/** The best time of many runs: what disturbs a run only ever makes it longer. */
final class BestTime {
  private static final int FEWEST_RUNS = 5;

  private final double secondsToSpend;

  /**
   * @param secondsToSpend on one measurement; at least five runs are taken unless one alone takes
   *     longer than that
   */
  BestTime(double secondsToSpend) {
    this.secondsToSpend = secondsToSpend;
  }

  /** Seconds of the fastest run; the first one only warms up, where there is time for more. */
  double of(Runnable work) {
    double first = once(work);
    if (first > secondsToSpend) {
      return first;
    }
    double best = Double.POSITIVE_INFINITY;
    double spent = 0;
    for (int run = 0; run < FEWEST_RUNS || spent < secondsToSpend; run++) {
      double seconds = once(work);
      spent += seconds;
      best = Math.min(best, seconds);
      if (spent > 4 * secondsToSpend) {
        break;
      }
    }
    return best;
  }

  private static double once(Runnable work) {
    long begin = System.nanoTime();
    work.run();
    return (System.nanoTime() - begin) * 1e-9;
  }
}
