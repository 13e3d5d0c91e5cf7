package dev.nacelle.kernels.fourierfilter;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/** What every implementation of the filter asks of its arguments. */
public final class FourierArguments {
  private FourierArguments() {}

  /** x (T, …, N) and gains (M, N) with M ≤ T/2 + 1. */
  public static void inputs(Operand x, Operand gainRe, Operand gainIm) {
    Checks.compute("x", x);
    Checks.rankAtLeast("x", x, 2, "(T, …, N)");
    Checks.compute("gainRe", gainRe);
    Checks.rank("gainRe", gainRe, 2, "(M, N)");
    Checks.compute("gainIm", gainIm);
    Checks.sameShape("gainIm", gainIm, "gainRe", gainRe);
    Checks.shape("gainRe", gainRe, gainRe.size(0), x.size(-1));
    long most = x.size(0) / 2 + 1;
    if (x.size(0) > 0 && gainRe.size(0) > most) {
      throw new IllegalArgumentException(
          "the gains have "
              + gainRe.size(0)
              + " modes; "
              + x.size(0)
              + " time steps have at most "
              + most);
    }
  }

  static void forward(Operand y, Operand x, Operand gainRe, Operand gainIm) {
    inputs(x, gainRe, gainIm);
    written("y", y, x);
  }

  static void backward(
      Operand gradX,
      @Nullable Operand gradRe,
      @Nullable Operand gradIm,
      Operand gradY,
      Operand x,
      Operand gainRe,
      Operand gainIm) {
    inputs(x, gainRe, gainIm);
    written("gradX", gradX, x);
    Checks.sameShape("gradY", gradY, "x", x);
    Checks.sameDtype("gradY", gradY, "x", x);
    gain("gradRe", gradRe, gainRe);
    gain("gradIm", gradIm, gainRe);
  }

  private static void gain(String name, @Nullable Operand gradient, Operand gain) {
    if (gradient != null) {
      Checks.dtype(name, gradient, DType.FP32);
      Checks.shape(name, gradient, gain.shape());
      Checks.contiguous(name, gradient);
    }
  }

  private static void written(String name, Operand y, Operand x) {
    Checks.sameShape(name, y, "x", x);
    Checks.sameDtype(name, y, "x", x);
    Checks.contiguous(name, y);
  }
}
