package dev.nacelle.kernels;

import java.util.Arrays;

/** What every implementation of {@link Products} asks of its arguments, and the sizes it learns. */
public record ProductChecks(long m, long n, long k) {
  /**
   * @throws IllegalArgumentException unless the three matrices fit each other
   */
  public static ProductChecks of(
      Operand c, Operand a, boolean transposeA, Operand b, boolean transposeB) {
    check("c", c);
    check("a", a);
    check("b", b);
    long m = a.size(transposeA ? 1 : 0);
    long k = a.size(transposeA ? 0 : 1);
    long n = b.size(transposeB ? 0 : 1);
    if (b.size(transposeB ? 1 : 0) != k || c.size(0) != m || c.size(1) != n) {
      throw new IllegalArgumentException(
          "c "
              + Arrays.toString(c.shape())
              + " is no product of a "
              + Arrays.toString(a.shape())
              + (transposeA ? " transposed" : "")
              + " and b "
              + Arrays.toString(b.shape())
              + (transposeB ? " transposed" : ""));
    }
    return new ProductChecks(m, n, k);
  }

  private static void check(String name, Operand operand) {
    Checks.compute(name, operand);
    Checks.rank(name, operand, 2);
    Checks.adjacent(name, operand);
  }
}
