package dev.nacelle;

/**
 * What stands in for the derivative of a spike, at u = membrane − threshold, with sharpness α; the
 * {@code surrogate} attribute of the operators.
 */
public enum SurrogateGradient {
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
  PIECEWISE_QUADRATIC
}
