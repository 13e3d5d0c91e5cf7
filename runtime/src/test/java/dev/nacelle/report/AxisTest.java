package dev.nacelle.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Axes hold their values and have few, distinct, round ticks. */
final class AxisTest {
  @Test
  void axesHoldTheirValues() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 20_000; i++) {
      double a = Math.pow(10, random.nextDouble(-12, 12)) * (random.nextInt(4) == 0 ? -1 : 1);
      double b =
          random.nextInt(10) == 0 ? a : a + Math.abs(a) * Math.pow(10, random.nextDouble(-6, 2));
      Axis axis = Axis.around(a, b);
      String what = a + " to " + b + ": " + axis;
      assertTrue(
          axis.low() <= a + Math.abs(a) * 1e-9 && axis.high() >= b - Math.abs(b) * 1e-9, what);
      assertTrue(axis.ticks().size() >= 2 && axis.ticks().size() <= 8, what);
      assertTrue(axis.place(a) >= -1e-6 && axis.place(b) <= 1 + 1e-6, what);
    }
  }

  @Test
  void stepsAreWholeNumbers() {
    for (int last = 1; last < 5000; last++) {
      Axis axis = Axis.steps(0, last);
      assertTrue(axis.ticks().size() >= 2 && axis.ticks().size() <= 6, axis.toString());
      axis.ticks().forEach(t -> assertEquals(Math.rint(t), t));
      assertEquals(1, axis.place(last));
    }
  }

  @Test
  void labelsAreShort() {
    assertEquals("0", Axis.fromZero(0.08).label(0));
    assertEquals("0.08", Axis.fromZero(0.08).label(0.08));
    assertEquals("1e-4", Axis.fromZero(2e-4).label(1e-4));
    assertEquals("2.5", Axis.around(2.1, 3.9).label(2.5));
    assertEquals("20,000", Axis.steps(0, 60_000).label(20_000));
    assertEquals("1e6", Axis.around(1, 1e9).label(1e6));
  }
}
