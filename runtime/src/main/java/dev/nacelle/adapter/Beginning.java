package dev.nacelle.adapter;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.tensor.Weight;

/**
 * How A and B begin. Those that begin as a part of the weight take that part away from the layer,
 * so that a fresh adapter changes nothing: y = x·Wᵀ − s·(x·A₀ᵀ)·B₀ᵀ + s·(x·Aᵀ)·Bᵀ. The weight
 * itself is not touched, quantised or not.
 */
public enum Beginning {
  /** A random, B zero. */
  DEFAULT,
  /** The principal singular vectors (PiSSA, Meng et al. 2024): A = √(σ/s)·Vᵀ, B = U·√(σ/s). */
  PISSA,
  /** The first columns of Q and rows of R (OLoRA, Büyükakyüz 2024): A = R, B = Q. */
  OLORA;

  /** A (R, in) and B (out, R), row by row. */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Pair(float[] a, float[] b) {}

  /**
   * The part of a weight that a module begins as.
   *
   * @param rank at most the weight's rows and columns
   * @param scale what the product of A and B is multiplied with
   */
  Pair of(KernelSet kernels, Weight weight, int rank, double scale, long seed) {
    try (WidenedRows rows = new WidenedRows(kernels, weight)) {
      return switch (this) {
        case DEFAULT -> throw new IllegalStateException("begins as no part of a weight");
        case PISSA -> principal(PrincipalParts.of(rows, rank, seed), rank, scale);
        case OLORA -> LeadingColumns.of(rows, rank);
      };
    }
  }

  private static Pair principal(PrincipalParts.Parts parts, int rank, double scale) {
    float[] a = new float[parts.right().length];
    float[] b = new float[parts.left().length];
    double[] roots = new double[rank];
    for (int i = 0; i < rank; i++) {
      roots[i] = Math.sqrt(parts.values()[i] / scale);
    }
    int in = a.length / rank;
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) (roots[i / in] * parts.right()[i]);
    }
    for (int i = 0; i < b.length; i++) {
      b[i] = (float) (roots[i % rank] * parts.left()[i]);
    }
    return new Pair(a, b);
  }
}
