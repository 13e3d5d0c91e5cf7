package dev.nacelle.kernels.crossentropy;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.quant.BlockDecoder;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import org.jspecify.annotations.Nullable;

/** The fused head in plain Java, row by row, in double: what the others are held against. */
public final class ReferenceCrossEntropy implements CrossEntropy {

  @Override
  public long workspaceBytes(long rows, long vocabulary, long channels, DType dtype) {
    return 0;
  }

  @Override
  public void forward(
      Operand losses,
      @Nullable Operand gradHidden,
      @Nullable Operand gradWeight,
      @Nullable Operand gradLosses,
      Operand hidden,
      Matrix weight,
      Operand targets,
      float gradScale,
      float softcap,
      @Nullable LowRank lowRank,
      NativeBuffer workspace) {
    CrossEntropyArguments.check(
        losses,
        gradHidden,
        gradWeight,
        gradLosses,
        hidden,
        weight,
        targets,
        gradScale,
        softcap,
        lowRank);
    ActiveRows active = CrossEntropyArguments.active(targets, weight.size(0));
    Elements.fill(losses, 0);
    if (gradHidden != null) {
      Elements.fill(gradHidden, 0);
    }
    double[][] w = widened(weight);
    double[] @Nullable [] a = lowRank == null ? null : matrix(lowRank.a());
    double[] @Nullable [] b = lowRank == null ? null : matrix(lowRank.b());
    double[][] weightSums = gradWeight == null ? new double[0][] : zerosLike(w);
    boolean pairGradients = lowRank != null && (lowRank.gradA() != null || lowRank.gradB() != null);
    double[][] aSums = a == null || !pairGradients ? new double[0][] : zerosLike(a);
    double[][] bSums = b == null || !pairGradients ? new double[0][] : zerosLike(b);
    for (int i = 0; i < active.count(); i++) {
      int row = active.row(i);
      double[] h = row(hidden, row);
      double[] u = a == null ? new double[0] : times(a, h);
      double[] logits = times(w, h);
      if (b != null && lowRank != null) {
        double[] extra = times(b, u);
        for (int v = 0; v < logits.length; v++) {
          logits[v] += lowRank.scale() * extra[v];
        }
      }
      double rowScale =
          gradScale
              * (gradLosses == null ? 1 : Elements.get(gradLosses, row * gradLosses.stride(0)));
      Elements.set(losses, row, lossAndGradient(logits, active.target(i), softcap, rowScale));
      double[] gradH = timesTransposed(w, logits, h.length);
      if (a != null && b != null && lowRank != null) {
        double[] gradU = timesTransposed(b, logits, u.length);
        scale(gradU, lowRank.scale());
        double[] extra = timesTransposed(a, gradU, h.length);
        for (int c = 0; c < h.length; c++) {
          gradH[c] += extra[c];
        }
        if (pairGradients) {
          addOuter(aSums, gradU, h, 1);
          addOuter(bSums, logits, u, lowRank.scale());
        }
      }
      if (gradWeight != null) {
        addOuter(weightSums, logits, h, 1);
      }
      if (gradHidden != null) {
        for (int c = 0; c < h.length; c++) {
          Elements.set(gradHidden, row * gradHidden.stride(0) + c * gradHidden.stride(1), gradH[c]);
        }
      }
    }
    write(gradWeight, weightSums);
    if (lowRank != null) {
      write(lowRank.gradA(), aSums);
      write(lowRank.gradB(), bSums);
    }
  }

  /** Turns a row of logits into its gradient; gives the loss. */
  private static double lossAndGradient(
      double[] logits, int target, double softcap, double gradScale) {
    double[] slope = new double[logits.length];
    double largest = Double.NEGATIVE_INFINITY;
    for (int v = 0; v < logits.length; v++) {
      double t = softcap == 0 ? 0 : Math.tanh(logits[v] / softcap);
      slope[v] = 1 - t * t;
      logits[v] = softcap == 0 ? logits[v] : softcap * t;
      largest = Math.max(largest, logits[v]);
    }
    double sum = 0;
    for (double logit : logits) {
      sum += Math.exp(logit - largest);
    }
    double loss = largest + Math.log(sum) - logits[target];
    for (int v = 0; v < logits.length; v++) {
      double share = Math.exp(logits[v] - largest) / sum - (v == target ? 1 : 0);
      logits[v] = share * slope[v] * gradScale;
    }
    return loss;
  }

  private static double[] row(Operand x, long row) {
    double[] values = new double[Math.toIntExact(x.size(1))];
    for (int c = 0; c < values.length; c++) {
      values[c] = Elements.get(x, row * x.stride(0) + c * x.stride(1));
    }
    return values;
  }

  private static double[][] matrix(Operand x) {
    double[][] rows = new double[Math.toIntExact(x.size(0))][];
    for (int r = 0; r < rows.length; r++) {
      rows[r] = row(x, r);
    }
    return rows;
  }

  private static double[][] widened(Matrix weight) {
    return switch (weight) {
      case Operand plain -> matrix(plain);
      case BlockMatrix blocks -> BlockDecoder.matrix(blocks);
    };
  }

  private static double[][] zerosLike(double[][] x) {
    return new double[x.length][x.length == 0 ? 0 : x[0].length];
  }

  private static double[] times(double[][] m, double[] x) {
    double[] y = new double[m.length];
    for (int r = 0; r < m.length; r++) {
      for (int c = 0; c < x.length; c++) {
        y[r] += m[r][c] * x[c];
      }
    }
    return y;
  }

  private static double[] timesTransposed(double[][] m, double[] x, int columns) {
    double[] y = new double[columns];
    for (int r = 0; r < m.length; r++) {
      for (int c = 0; c < columns; c++) {
        y[c] += m[r][c] * x[r];
      }
    }
    return y;
  }

  private static void scale(double[] x, double factor) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= factor;
    }
  }

  private static void addOuter(double[][] sums, double[] left, double[] right, double factor) {
    for (int r = 0; r < left.length; r++) {
      for (int c = 0; c < right.length; c++) {
        sums[r][c] += factor * left[r] * right[c];
      }
    }
  }

  private static void write(@Nullable Operand y, double[][] sums) {
    if (y == null) {
      return;
    }
    long at = 0;
    for (double[] row : sums) {
      for (double value : row) {
        Elements.set(y, at++, value);
      }
    }
  }
}
