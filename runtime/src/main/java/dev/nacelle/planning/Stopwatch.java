package dev.nacelle.planning;

import java.util.ArrayList;
import java.util.List;

/**
 * Seconds of short works that are held against each other: all in turn, round after round, and of
 * each the median. A machine that is slow for half a second is slow for all of them alike, and each
 * finds the caches as another left them, as in a step.
 */
public final class Stopwatch {
  private static final int LEAST_ROUNDS = 3;
  private static final int FEWEST_ROUNDS = 5;
  private static final int MOST_ROUNDS = 60;
  private static final double ENOUGH_SECONDS = 1.5;

  /** On a slow machine the least of rounds are long enough to be usual. */
  private static final double TOO_MANY_SECONDS = 20;

  private final int mostRounds;
  private final double enoughSeconds;
  private final List<Reading> readings = new ArrayList<>();

  /** As long as a calibration measures. */
  Stopwatch() {
    this(MOST_ROUNDS, ENOUGH_SECONDS);
  }

  /**
   * @param enoughSeconds of all works together: after that no further round begins
   */
  public Stopwatch(int mostRounds, double enoughSeconds) {
    this.mostRounds = mostRounds;
    this.enoughSeconds = enoughSeconds;
  }

  /** What a work took, once the watch has run. */
  public static final class Reading {
    private final Runnable work;
    private final List<Double> seconds = new ArrayList<>();

    private Reading(Runnable work) {
      this.work = work;
    }

    private double once() {
      long begin = System.nanoTime();
      work.run();
      return (System.nanoTime() - begin) * 1e-9;
    }

    /** Of all rounds: a step is made of usual ones. */
    public double median() {
      return Stopwatch.median(seconds);
    }
  }

  static double median(List<Double> seconds) {
    List<Double> sorted = seconds.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  /** A work that takes part in every round. */
  public Reading add(Runnable work) {
    Reading reading = new Reading(work);
    readings.add(reading);
    return reading;
  }

  /** A round that does not count, then as many as make the time up. */
  public void run() {
    readings.forEach(Reading::once);
    double spent = 0;
    for (int round = 0; round < mostRounds; round++) {
      double most = round < FEWEST_ROUNDS ? TOO_MANY_SECONDS : enoughSeconds;
      if (round >= LEAST_ROUNDS && spent > most) {
        return;
      }
      for (Reading reading : readings) {
        double seconds = reading.once();
        reading.seconds.add(seconds);
        spent += seconds;
      }
    }
  }
}
