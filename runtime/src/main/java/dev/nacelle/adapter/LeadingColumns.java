package dev.nacelle.adapter;

/**
 * The first R columns of Q and rows of R of a matrix's QR decomposition: Householder reflections of
 * its first columns alone, and one pass over the rows, in fp64. Signs are LAPACK's: a diagonal
 * element of R has the other sign than the column's first number, unless nothing stands below it.
 */
final class LeadingColumns {
  private LeadingColumns() {}

  static Beginning.Pair of(WidenedRows rows, int rank) {
    int m = rows.rows();
    int n = rows.columns();
    double[][] columns = new double[rank][m];
    rows.forEach(
        (first, count, floats) -> {
          for (int row = 0; row < count; row++) {
            for (int j = 0; j < rank; j++) {
              columns[j][first + row] = floats[row * n + j];
            }
          }
        });
    double[] taus = new double[rank];
    for (int j = 0; j < rank; j++) {
      taus[j] = reflect(columns, j, m);
    }
    double[][] q = q(columns, taus, m);
    return new Beginning.Pair(upper(rows, q, rank), transposed(q, m));
  }

  /** Puts the reflection of column j below its diagonal (1 on it is left out); its factor. */
  private static double reflect(double[][] columns, int j, int m) {
    double[] x = columns[j];
    double below = 0;
    for (int i = j + 1; i < m; i++) {
      below += x[i] * x[i];
    }
    if (below == 0) {
      return 0;
    }
    double diagonal = -Math.copySign(Math.sqrt(x[j] * x[j] + below), x[j]);
    double tau = (diagonal - x[j]) / diagonal;
    double factor = 1 / (x[j] - diagonal);
    for (int i = j + 1; i < m; i++) {
      x[i] *= factor;
    }
    for (int k = j + 1; k < columns.length; k++) {
      apply(x, tau, columns[k], j, m);
    }
    x[j] = diagonal;
    return tau;
  }

  /** y = y − tau·v·(vᵀy), v from place j on, with 1 there. */
  private static void apply(double[] v, double tau, double[] y, int j, int m) {
    double sum = y[j];
    for (int i = j + 1; i < m; i++) {
      sum += v[i] * y[i];
    }
    sum *= tau;
    y[j] -= sum;
    for (int i = j + 1; i < m; i++) {
      y[i] -= sum * v[i];
    }
  }

  /** The columns of Q: the reflections, the last first, of the unit vectors. */
  private static double[][] q(double[][] reflections, double[] taus, int m) {
    double[][] q = new double[taus.length][m];
    for (int k = 0; k < q.length; k++) {
      q[k][k] = 1;
      for (int j = taus.length - 1; j >= 0; j--) {
        apply(reflections[j], taus[j], q[k], j, m);
      }
    }
    return q;
  }

  /** Qᵀ·W, with the zeros below the diagonal. */
  private static float[] upper(WidenedRows rows, double[][] q, int rank) {
    int n = rows.columns();
    double[] sums = new double[rank * n];
    rows.forEach(
        (first, count, floats) -> {
          for (int row = 0; row < count; row++) {
            for (int i = 0; i < rank; i++) {
              double factor = q[i][first + row];
              for (int k = i; k < n; k++) {
                sums[i * n + k] += factor * floats[row * n + k];
              }
            }
          }
        });
    float[] upper = new float[sums.length];
    for (int i = 0; i < sums.length; i++) {
      upper[i] = (float) sums[i];
    }
    return upper;
  }

  private static float[] transposed(double[][] q, int m) {
    float[] b = new float[q.length * m];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < q.length; j++) {
        b[i * q.length + j] = (float) q[j][i];
      }
    }
    return b;
  }
}
