package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.kernels.Surrogate;
import org.junit.jupiter.api.Test;

/** Each surrogate against the finite difference of the smooth step that it is the slope of. */
final class SurrogateTest {
  private static final double STEP = 1e-6;

  /** A smooth step, up to a constant. */
  private static double primitive(Surrogate surrogate, double a, double u) {
    double size = Math.abs(u);
    double side = Math.signum(u);
    return switch (surrogate) {
      case ATAN -> Math.atan(Math.PI / 2 * a * u) / Math.PI;
      case SIGMOID -> 1 / (1 + Math.exp(-a * u));
      case FAST_SIGMOID -> u / (1 + a * size);
      case TRIANGLE, PIECEWISE_QUADRATIC ->
          size >= 1 / a ? side / 2 : a * u - side * a * a * u * u / 2;
      case RECT -> Math.max(-0.5, Math.min(0.5, a * u / 2));
      case SUPER_SPIKE -> a * u / (1 + size);
      case ERF -> integral(a, u);
    };
  }

  /** erf(au)/2 by Simpson's rule. */
  private static double integral(double a, double u) {
    int parts = 2000;
    double width = u / parts;
    double sum = 0;
    for (int i = 0; i <= parts; i++) {
      double x = i * width;
      double weight = i == 0 || i == parts ? 1 : i % 2 == 1 ? 4 : 2;
      sum += weight * Math.exp(-a * a * x * x);
    }
    return a / Math.sqrt(Math.PI) * sum * width / 3;
  }

  @Test
  void isTheSlopeOfItsPrimitive() {
    int compared = 0;
    for (Surrogate surrogate : Surrogate.values()) {
      for (double a : new double[] {0.5, 1, 2, 4.3}) {
        for (double u : new double[] {-3.01, -0.71, -0.13, 0.04, 0.17, 0.66, 1.51}) {
          double slope =
              (primitive(surrogate, a, u + STEP) - primitive(surrogate, a, u - STEP)) / (2 * STEP);
          assertEquals(
              slope, surrogate.derivative(a, u), 1e-5 * (1 + a), surrogate + " " + a + " " + u);
          compared++;
        }
      }
    }
    assertEquals(8 * 4 * 7, compared);
  }
}
