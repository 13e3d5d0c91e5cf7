package dev.nacelle.kernels.rmsnorm;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.RmsNorm;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/** The norm in plain Java with sums in double: what the others are held against. */
public final class ReferenceRmsNorm implements RmsNorm {

  @Override
  public void forward(Operand y, Operand rstd, Operand x, Operand weight, float eps, int offset) {
    RmsNormArguments.forward(y, rstd, x, weight, eps, offset);
    long columns = x.size(-1);
    for (long row = 0; row < rstd.elements(); row++) {
      long xAt = Elements.rowOffset(x, row);
      long yAt = Elements.rowOffset(y, row);
      double squares = 0;
      for (long c = 0; c < columns; c++) {
        double value = Elements.get(x, xAt + c * x.stride(-1));
        squares += value * value;
      }
      double r = (float) (1 / Math.sqrt(squares / columns + eps));
      Elements.set(rstd, row, r);
      for (long c = 0; c < columns; c++) {
        double n = normalised(x.dtype(), Elements.get(x, xAt + c * x.stride(-1)) * r, offset);
        double w = Elements.get(weight, c * weight.stride(0));
        Elements.set(y, yAt + c * y.stride(-1), n * (offset + w));
      }
    }
  }

  /** Llama's norm stores x·rstd before the weight touches it; Gemma's does not. */
  private static double normalised(DType storage, double value, int offset) {
    return offset == 0 ? Elements.rounded(storage, value) : value;
  }

  @Override
  public void backward(
      @Nullable Operand gradX,
      @Nullable Operand gradWeight,
      @Nullable Operand gradY,
      @Nullable Operand gradRstd,
      Operand x,
      Operand weight,
      Operand rstd,
      int offset,
      boolean accumulate) {
    RmsNormArguments.backward(gradX, gradWeight, gradY, gradRstd, x, weight, rstd, offset);
    int columns = Math.toIntExact(x.size(-1));
    double[] weightSums = new double[columns];
    for (long row = 0; row < rstd.elements(); row++) {
      double r = Elements.get(rstd, row);
      double[] n = new double[columns];
      double[] g = new double[columns];
      double dot = 0;
      for (int c = 0; c < columns; c++) {
        double value = Elements.get(x, Elements.rowOffset(x, row) + c * x.stride(-1));
        double gy =
            gradY == null
                ? 0
                : Elements.get(gradY, Elements.rowOffset(gradY, row) + c * gradY.stride(-1));
        n[c] = value * r;
        g[c] = gy * (offset + Elements.get(weight, c * weight.stride(0)));
        dot += g[c] * n[c];
        weightSums[c] += gy * normalised(x.dtype(), n[c], offset);
      }
      if (gradX != null) {
        double fromRstd =
            gradRstd == null ? 0 : Elements.get(gradRstd, Elements.offset(gradRstd, row));
        double pull = (dot + fromRstd * r) / columns;
        long at = Elements.rowOffset(gradX, row);
        for (int c = 0; c < columns; c++) {
          double value = r * (g[c] - n[c] * pull);
          long element = at + c * gradX.stride(-1);
          Elements.set(gradX, element, accumulate ? Elements.get(gradX, element) + value : value);
        }
      }
    }
    if (gradWeight != null) {
      for (int c = 0; c < columns; c++) {
        Elements.set(gradWeight, c, weightSums[c]);
      }
    }
  }
}
