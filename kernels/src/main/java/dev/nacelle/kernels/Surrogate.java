package dev.nacelle.kernels;

import java.util.Locale;

/**
 * What stands in for the derivative of a spike, at u = membrane − threshold, with sharpness α.
 * Names and forms as in OPERATORS.md.
 */
public enum Surrogate {
  /** (α/2) / (1 + (παu/2)²). */
  ATAN,
  /** α·σ(αu)·(1 − σ(αu)). */
  SIGMOID,
  /** 1 / (1 + α|u|)². */
  FAST_SIGMOID,
  /** α·max(0, 1 − α|u|). */
  TRIANGLE,
  /** α/2 where |u| ≤ 1/α, else 0. */
  RECT,
  /** α / (1 + |u|)². */
  SUPER_SPIKE,
  /** α/√π·exp(−α²u²). */
  ERF,
  /** {@link #TRIANGLE} under its other name. */
  PIECEWISE_QUADRATIC;

  /** The name on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws IllegalArgumentException if there is none of this name
   */
  public static Surrogate parse(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }

  /** The derivative at {@code u}. */
  public double derivative(double alpha, double u) {
    double size = Math.abs(u);
    return switch (this) {
      case ATAN -> alpha / 2 / (1 + Math.pow(Math.PI / 2 * alpha * u, 2));
      case SIGMOID -> {
        double e = Math.exp(-alpha * size);
        yield alpha * e / ((1 + e) * (1 + e));
      }
      case FAST_SIGMOID -> 1 / Math.pow(1 + alpha * size, 2);
      case TRIANGLE, PIECEWISE_QUADRATIC -> 1 - alpha * size < 0 ? 0 : alpha * (1 - alpha * size);
      case RECT -> size <= 1 / alpha ? alpha / 2 : 0;
      case SUPER_SPIKE -> alpha / Math.pow(1 + size, 2);
      case ERF -> alpha / Math.sqrt(Math.PI) * Math.exp(-alpha * alpha * u * u);
    };
  }
}
