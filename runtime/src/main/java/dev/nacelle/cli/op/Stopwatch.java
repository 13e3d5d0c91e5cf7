package dev.nacelle.cli.op;

import java.util.ArrayList;
import java.util.List;

/** Seconds of works that are short enough to be run many times. */
final class Stopwatch {
  private static final int FEWEST_RUNS = 5;

  private final double secondsToSpend;

  /**
   * @param secondsToSpend on one measurement; at least five runs are taken unless one alone takes
   *     longer than that
   */
  Stopwatch(double secondsToSpend) {
    this.secondsToSpend = secondsToSpend;
  }

  /**
   * Seconds of the fastest run: what disturbs a run only ever makes it longer. The first one only
   * warms up, where there is time for more.
   */
  double best(Runnable work) {
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

  /**
   * Seconds of each work's usual run, the median: all take turns, so that a machine which is slow
   * for a while is slow for all of them, and one may be divided by another. The first round only
   * warms up.
   */
  List<Double> inTurn(List<Runnable> works) {
    works.forEach(Stopwatch::once);
    List<List<Double>> seconds = new ArrayList<>();
    works.forEach(work -> seconds.add(new ArrayList<>()));
    double spent = 0;
    for (int round = 0; round < FEWEST_RUNS || spent < secondsToSpend * works.size(); round++) {
      for (int i = 0; i < works.size(); i++) {
        double took = once(works.get(i));
        seconds.get(i).add(took);
        spent += took;
      }
    }
    List<Double> medians = new ArrayList<>();
    for (List<Double> each : seconds) {
      medians.add(each.stream().sorted().toList().get(each.size() / 2));
    }
    return medians;
  }

  private static double once(Runnable work) {
    long begin = System.nanoTime();
    work.run();
    return (System.nanoTime() - begin) * 1e-9;
  }
}
