package dev.nacelle.kernels.reference;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.ProductChecks;
import dev.nacelle.kernels.Products;

/** Three loops, sums in double. */
public final class ReferenceProducts implements Products {
  @Override
  public void multiply(
      Operand c,
      Operand a,
      boolean transposeA,
      Operand b,
      boolean transposeB,
      float alpha,
      float beta) {
    ProductChecks sizes = ProductChecks.of(c, a, transposeA, b, transposeB);
    int k = Math.toIntExact(sizes.k());
    double[] row = new double[k];
    double[] columns = columns(b, transposeB, Math.toIntExact(sizes.n()), k);
    Cells target = Cells.of(c);
    Cells left = Cells.of(a);
    for (long i = 0; i < sizes.m(); i++) {
      for (int t = 0; t < k; t++) {
        row[t] = left.get(transposeA ? t * a.stride(0) + i : i * a.stride(0) + t);
      }
      for (int j = 0; j < sizes.n(); j++) {
        double sum = 0;
        for (int t = 0; t < k; t++) {
          sum += row[t] * columns[j * k + t];
        }
        long at = i * c.stride(0) + j;
        double old = beta == 0 ? 0 : beta * target.get(at);
        target.set(at, alpha * sum + old);
      }
    }
  }

  /** The columns of op(b), one behind the other. */
  private static double[] columns(Operand b, boolean transposed, int n, int k) {
    double[] columns = new double[Math.multiplyExact(n, k)];
    Cells cells = Cells.of(b);
    for (int j = 0; j < n; j++) {
      for (int t = 0; t < k; t++) {
        columns[j * k + t] = cells.get(transposed ? j * b.stride(0) + t : t * b.stride(0) + j);
      }
    }
    return columns;
  }

  @Override
  public String library(long m, long n, long k, boolean transposeA, boolean transposeB) {
    return "java";
  }
}
