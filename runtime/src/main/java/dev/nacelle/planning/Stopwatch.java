package dev.nacelle.planning;

import java.util.ArrayList;
import java.util.List;

/** Seconds of short work, as a calibration measures them. */
final class Stopwatch {
  private static final double LEAST_SECONDS = 0.04;

  /** On a slow machine one run is long enough to be usual. */
  private static final double ENOUGH_SECONDS = 1;

  private Stopwatch() {}

  /** The median of some runs, after one that does not count: a step is made of usual ones. */
  static double usual(Runnable work) {
    work.run();
    List<Double> all = new ArrayList<>();
    double sum = 0;
    while ((all.size() < 3 && sum < ENOUGH_SECONDS) || (sum < LEAST_SECONDS && all.size() < 50)) {
      long begin = System.nanoTime();
      work.run();
      double seconds = (System.nanoTime() - begin) * 1e-9;
      all.add(seconds);
      sum += seconds;
    }
    all.sort(null);
    return all.get(all.size() / 2);
  }
}
