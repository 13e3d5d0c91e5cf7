package dev.nacelle.adapter;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Eigenvalues and vectors of a symmetric tridiagonal matrix, by implicit QL steps with Wilkinson's
 * shift (Golub and Van Loan, Matrix Computations, §8.3).
 */
final class SymmetricTridiagonal {
  private static final int MOST_SWEEPS = 60;

  private final int n;
  private final double[] d;
  private final double[] e;

  /** Row k: element k of every eigenvector. */
  private final double[][] z;

  private final int[] order;

  /**
   * @param diagonal (n)
   * @param beside the n − 1 numbers beside it; more are ignored
   */
  SymmetricTridiagonal(double[] diagonal, double[] beside) {
    n = diagonal.length;
    d = diagonal.clone();
    e = new double[n];
    System.arraycopy(beside, 0, e, 0, n - 1);
    z = new double[n][n];
    for (int i = 0; i < n; i++) {
      z[i][i] = 1;
    }
    for (int first = 0; first < n; first++) {
      isolate(first);
    }
    order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -d[i]))
            .mapToInt(Integer::intValue)
            .toArray();
  }

  /** The i-th largest eigenvalue. */
  double value(int i) {
    return d[order[i]];
  }

  /** Element k of its vector. */
  double vector(int i, int k) {
    return z[k][order[i]];
  }

  private void isolate(int first) {
    for (int sweep = 0; ; sweep++) {
      int last = first;
      while (last < n - 1
          && Math.abs(e[last]) > Math.ulp(Math.abs(d[last]) + Math.abs(d[last + 1]))) {
        last++;
      }
      if (last == first) {
        return;
      }
      if (sweep == MOST_SWEEPS) {
        throw new ArithmeticException("a tridiagonal matrix has no eigenvalues in " + sweep);
      }
      step(first, last);
    }
  }

  /** One QL step on rows {@code first} to {@code last}, from below. */
  private void step(int first, int last) {
    double g = (d[first + 1] - d[first]) / (2 * e[first]);
    double r = Math.hypot(g, 1);
    g = d[last] - d[first] + e[first] / (g + Math.copySign(r, g));
    double s = 1;
    double c = 1;
    double p = 0;
    for (int i = last - 1; i >= first; i--) {
      double f = s * e[i];
      double b = c * e[i];
      r = Math.hypot(f, g);
      e[i + 1] = r;
      if (r == 0) {
        d[i + 1] -= p;
        e[last] = 0;
        return;
      }
      s = f / r;
      c = g / r;
      g = d[i + 1] - p;
      r = (d[i] - g) * s + 2 * c * b;
      p = s * r;
      d[i + 1] = g + p;
      g = c * r - b;
      for (double[] row : z) {
        f = row[i + 1];
        row[i + 1] = s * row[i] + c * f;
        row[i] = c * row[i] - s * f;
      }
    }
    d[first] -= p;
    e[first] = g;
    e[last] = 0;
  }
}
