package dev.nacelle.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The largest singular values of a matrix W (M, K) and their vectors, by the method of Lanczos on
 * WᵀW with full reorthogonalisation, in fp64: one pass over the rows a step, and of the order of a
 * hundred steps for sixteen values, where a whole decomposition would take K. It ends when the
 * residual of every wanted pair is below 1e-12 of the largest eigenvalue, or after K steps, when it
 * is exact.
 */
final class PrincipalParts {
  private static final double ACCURACY = 1e-12;

  /** Steps between two looks at what has converged. */
  private static final int LOOK = 10;

  private final WidenedRows rows;
  private final int wanted;
  private final int n;
  private final SplittableRandom random;
  private final List<double[]> basis = new ArrayList<>();
  private final List<Double> diagonal = new ArrayList<>();
  private final List<Double> beside = new ArrayList<>();

  /**
   * Singular values, the largest first, and their vectors.
   *
   * @param left (M, R) row by row; a column is zero where its value is
   * @param right (R, K) row by row; the largest element of each row is positive
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Parts(double[] values, double[] left, double[] right) {}

  private PrincipalParts(WidenedRows rows, int wanted, long seed) {
    this.rows = rows;
    this.wanted = wanted;
    this.n = rows.columns();
    this.random = new SplittableRandom(seed);
  }

  /**
   * @param wanted how many, at most as many as W has rows and columns
   * @param seed of the vector that the search starts from; it does not change what is found
   */
  static Parts of(WidenedRows rows, int wanted, long seed) {
    return new PrincipalParts(rows, wanted, seed).find();
  }

  private Parts find() {
    double[] v = fresh();
    SymmetricTridiagonal ritz = null;
    while (basis.size() < n) {
      basis.add(v);
      double[] next = timesGram(v);
      diagonal.add(dot(v, next));
      orthogonalise(next);
      orthogonalise(next);
      double norm = Math.sqrt(dot(next, next));
      double largest = diagonal.stream().mapToDouble(Math::abs).max().orElse(0);
      boolean closed = norm <= 1e-14 * Math.max(largest, Double.MIN_NORMAL);
      int steps = basis.size();
      if (steps == n || (steps > wanted && steps % LOOK == 0)) {
        ritz = new SymmetricTridiagonal(array(diagonal), array(beside));
        if (steps < n && !closed && isAccurate(ritz, norm)) {
          break;
        }
      }
      // In a closed subspace nothing more is found: go on in what is left.
      beside.add(closed ? 0.0 : norm);
      if (closed) {
        next = fresh();
      } else {
        scale(next, 1 / norm);
      }
      v = next;
    }
    if (ritz == null) {
      ritz = new SymmetricTridiagonal(array(diagonal), array(beside));
    }
    return parts(ritz);
  }

  private boolean isAccurate(SymmetricTridiagonal ritz, double norm) {
    int last = basis.size() - 1;
    double bound = ACCURACY * Math.abs(ritz.value(0));
    for (int i = 0; i < wanted; i++) {
      if (norm * Math.abs(ritz.vector(i, last)) > bound) {
        return false;
      }
    }
    return true;
  }

  private Parts parts(SymmetricTridiagonal ritz) {
    double[] values = new double[wanted];
    double[] right = new double[wanted * n];
    double[] vector = new double[n];
    for (int i = 0; i < wanted; i++) {
      values[i] = Math.sqrt(Math.max(0, ritz.value(i)));
      Arrays.fill(vector, 0);
      for (int k = 0; k < basis.size(); k++) {
        addScaled(vector, ritz.vector(i, k), basis.get(k));
      }
      scale(vector, sign(vector) / Math.sqrt(dot(vector, vector)));
      System.arraycopy(vector, 0, right, i * n, n);
    }
    return new Parts(values, left(values, right), right);
  }

  /** W·v/σ. */
  private double[] left(double[] values, double[] right) {
    double[] left = new double[Math.multiplyExact(rows.rows(), wanted)];
    double least = values[0] * 1e-12;
    rows.forEach(
        (first, count, floats) -> {
          for (int row = 0; row < count; row++) {
            for (int i = 0; i < wanted; i++) {
              if (values[i] > least) {
                double sum = 0;
                for (int k = 0; k < n; k++) {
                  sum += floats[row * n + k] * right[i * n + k];
                }
                left[(first + row) * wanted + i] = sum / values[i];
              }
            }
          }
        });
    return left;
  }

  private static double sign(double[] vector) {
    double largest = 0;
    for (double x : vector) {
      largest = Math.abs(x) > Math.abs(largest) ? x : largest;
    }
    return largest < 0 ? -1 : 1;
  }

  /** Wᵀ·(W·v), row by row. */
  private double[] timesGram(double[] v) {
    double[] result = new double[n];
    rows.forEach(
        (first, count, floats) -> {
          for (int row = 0; row < count; row++) {
            int at = row * n;
            double sum = 0;
            for (int k = 0; k < n; k++) {
              sum += floats[at + k] * v[k];
            }
            for (int k = 0; k < n; k++) {
              result[k] += sum * floats[at + k];
            }
          }
        });
    return result;
  }

  /** A random unit vector, at right angles to all so far. */
  private double[] fresh() {
    double[] v = new double[n];
    for (int k = 0; k < n; k++) {
      v[k] = random.nextDouble() - 0.5;
    }
    orthogonalise(v);
    orthogonalise(v);
    scale(v, 1 / Math.sqrt(dot(v, v)));
    return v;
  }

  private void orthogonalise(double[] v) {
    for (double[] b : basis) {
      addScaled(v, -dot(v, b), b);
    }
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int k = 0; k < x.length; k++) {
      sum += x[k] * y[k];
    }
    return sum;
  }

  private static void addScaled(double[] x, double factor, double[] y) {
    for (int k = 0; k < x.length; k++) {
      x[k] += factor * y[k];
    }
  }

  private static void scale(double[] x, double factor) {
    for (int k = 0; k < x.length; k++) {
      x[k] *= factor;
    }
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
