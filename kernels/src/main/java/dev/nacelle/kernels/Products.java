package dev.nacelle.kernels;

import java.util.Map;

/**
 * Matrix products. Every storage type goes with every other; sums are fp32. Which library
 * multiplies is chosen per shape class by a short measurement, cached per processor.
 */
public interface Products {
  /**
   * c = alpha · op(a)·op(b) + beta · c.
   *
   * @param c (M, N), rows may be strided, columns adjacent
   * @param a (M, K), or (K, M) when transposed
   * @param b (K, N), or (N, K) when transposed
   * @param beta 0 writes c whatever it held, NaN included
   */
  void multiply(
      Operand c,
      Operand a,
      boolean transposeA,
      Operand b,
      boolean transposeB,
      float alpha,
      float beta);

  /** The library that multiplies this shape, for reports: {@code nacelle}, {@code openblas} … */
  String library(long m, long n, long k, boolean transposeA, boolean transposeB);

  /** Which library each class of shapes met so far is multiplied by, in words of our own. */
  default Map<String, String> choices() {
    return Map.of();
  }

  /**
   * Takes over what {@link #choices} said elsewhere, so that a run that goes on computes the same
   * bits as before, whatever a measurement would say today.
   */
  default void adopt(Map<String, String> choices) {}
}
