package dev.nacelle.kernels.rmsnorm;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What every implementation of the norm asks of its arguments. */
final class RmsNormArguments {
  private RmsNormArguments() {}

  static void forward(Operand y, Operand rstd, Operand x, Operand weight, float eps, int offset) {
    common(x, weight, rstd, offset);
    Checks.atLeast("eps", eps, 0);
    Checks.sameShape("y", y, "x", x);
    Checks.sameDtype("y", y, "x", x);
  }

  static void backward(
      @Nullable Operand gradX,
      @Nullable Operand gradWeight,
      @Nullable Operand gradY,
      @Nullable Operand gradRstd,
      Operand x,
      Operand weight,
      Operand rstd,
      int offset) {
    common(x, weight, rstd, offset);
    if (gradX != null) {
      Checks.sameShape("gradX", gradX, "x", x);
      Checks.sameDtype("gradX", gradX, "x", x);
    }
    if (gradWeight != null) {
      Checks.shape("gradWeight", gradWeight, x.size(-1));
      Checks.dtype("gradWeight", gradWeight, DType.FP32);
      Checks.contiguous("gradWeight", gradWeight);
    }
    if (gradY != null) {
      Checks.sameShape("gradY", gradY, "x", x);
      Checks.sameDtype("gradY", gradY, "x", x);
    }
    if (gradRstd != null) {
      Checks.sameShape("gradRstd", gradRstd, "rstd", rstd);
      Checks.dtype("gradRstd", gradRstd, DType.FP32);
    }
  }

  private static void common(Operand x, Operand weight, Operand rstd, int offset) {
    Checks.compute("x", x);
    Checks.rankAtLeast("x", x, 1, "(…, C)");
    Checks.compute("weight", weight);
    Checks.shape("weight", weight, x.size(-1));
    Checks.dtype("rstd", rstd, DType.FP32);
    Checks.shape("rstd", rstd, Arrays.copyOf(x.shape(), x.rank() - 1));
    Checks.contiguous("rstd", rstd);
    if (offset != 0 && offset != 1) {
      throw new IllegalArgumentException("offset: expected 0 or 1, given " + offset);
    }
  }
}
