package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.quant.BlockDecoder;
import dev.nacelle.kernels.reference.ReferenceElementwise;
import org.jspecify.annotations.Nullable;

/** Matrices of doubles, and the plain loops over them that the references are made of. */
final class Doubles {
  private Doubles() {}

  static double[][] of(Matrix matrix) {
    return switch (matrix) {
      case Operand x -> of(x);
      case BlockMatrix x -> BlockDecoder.matrix(x);
    };
  }

  /** The last two dimensions of an operand from element {@code first} of its other ones on. */
  static double[][] of(Operand x) {
    double[][] values = new double[(int) x.size(0)][(int) x.size(1)];
    for (int i = 0; i < values.length; i++) {
      for (int j = 0; j < values[i].length; j++) {
        values[i][j] = Elements.get(x, i * x.stride(0) + j * x.stride(1));
      }
    }
    return values;
  }

  /** A vector. */
  static double[] vector(Operand x) {
    double[] values = new double[(int) x.size(0)];
    for (int i = 0; i < values.length; i++) {
      values[i] = Elements.get(x, i * x.stride(0));
    }
    return values;
  }

  static void put(@Nullable Operand y, double[][] values) {
    if (y == null) {
      return;
    }
    for (int i = 0; i < values.length; i++) {
      for (int j = 0; j < values[i].length; j++) {
        Elements.set(y, i * y.stride(0) + j * y.stride(1), values[i][j]);
      }
    }
  }

  static void put(@Nullable Operand y, double[] values) {
    for (int i = 0; y != null && i < values.length; i++) {
      Elements.set(y, i, values[i]);
    }
  }

  /** c += factor · a·bᵀ; a (m, k), b (n, k). */
  static void addTimes(double[][] c, double factor, double[][] a, double[][] b) {
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b.length; j++) {
        double sum = 0;
        for (int k = 0; k < a[i].length; k++) {
          sum += a[i][k] * b[j][k];
        }
        c[i][j] += factor * sum;
      }
    }
  }

  /** c += factor · a·b; a (m, k), b (k, n). */
  static void addTimesPlain(double[][] c, double factor, double[][] a, double[][] b) {
    for (int i = 0; i < a.length; i++) {
      for (int k = 0; k < b.length; k++) {
        for (int j = 0; j < b[k].length; j++) {
          c[i][j] += factor * a[i][k] * b[k][j];
        }
      }
    }
  }

  /** c += factor · aᵀ·b; a (k, m), b (k, n). */
  static void addTurnedTimes(double[][] c, double factor, double[][] a, double[][] b) {
    for (int k = 0; k < a.length; k++) {
      for (int i = 0; i < a[k].length; i++) {
        for (int j = 0; j < b[k].length; j++) {
          c[i][j] += factor * a[k][i] * b[k][j];
        }
      }
    }
  }

  /** Σ over rows. */
  static double[] sumRows(double[][] x, int columns) {
    double[] sums = new double[columns];
    for (double[] row : x) {
      for (int j = 0; j < columns; j++) {
        sums[j] += row[j];
      }
    }
    return sums;
  }

  /** Dropout in place, of x or of what goes back to it. */
  static double[][] drop(double[][] x, AdapterPair pair) {
    AdapterPair.Dropout dropout = pair.dropout();
    long bound = (long) (dropout.p() * 4294967296.0);
    float keep = 1.0f / (1.0f - dropout.p());
    long at = dropout.offset();
    for (int i = 0; dropout.isActive() && i < x.length; i++) {
      for (int j = 0; j < x[i].length; j++) {
        long draw = ReferenceElementwise.draw(dropout.seed(), at++) & 0xffffffffL;
        x[i][j] = draw >= bound ? x[i][j] * keep : 0;
      }
    }
    return x;
  }
}
