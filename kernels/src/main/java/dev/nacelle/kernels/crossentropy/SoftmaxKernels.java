package dev.nacelle.kernels.crossentropy;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The functions of cross_entropy/cross_entropy.c. */
final class SoftmaxKernels {
  private final int threads;
  private final MethodHandle rows;
  private final MethodHandle gather;
  private final MethodHandle scatter;

  SoftmaxKernels(NativeFunctions library) {
    threads = library.threads();
    rows = library.bind("nk_cross_entropy_rows", "PPPPLLIFFI");
    gather = library.bind("nk_cross_entropy_gather", "PPPLLLII");
    scatter = library.bind("nk_cross_entropy_scatter", "PPPLLLII");
  }

  /** Losses of n rows; where asked the logits become their gradient. */
  void rows(
      Operand losses,
      Operand logits,
      Operand targets,
      @Nullable Operand weights,
      boolean gradient,
      float gradScale,
      float softcap) {
    try {
      rows.invokeExact(
          losses.address(),
          logits.address(),
          targets.address(),
          weights == null ? 0L : weights.address(),
          logits.size(0),
          logits.size(1),
          gradient ? 1 : 0,
          gradScale,
          softcap,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_cross_entropy_rows", t);
    }
  }

  /** Row i of y = row numbers[i] of x; x has adjacent columns. */
  void gather(Operand y, Operand x, Operand numbers) {
    try {
      gather.invokeExact(
          y.address(),
          x.address(),
          numbers.address(),
          y.size(0),
          y.size(1),
          x.stride(0),
          DTypeCodes.of(x.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_cross_entropy_gather", t);
    }
  }

  /** Row numbers[i] of y = row i of x, or zeros where x is null; y has adjacent columns. */
  void scatter(Operand y, @Nullable Operand x, Operand numbers) {
    if (x != null && x.dtype() != DType.FP32) {
      throw new IllegalStateException("rows to scatter are fp32, given " + x);
    }
    try {
      scatter.invokeExact(
          y.address(),
          x == null ? 0L : x.address(),
          numbers.address(),
          numbers.size(0),
          y.size(1),
          y.stride(0),
          DTypeCodes.of(y.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_cross_entropy_scatter", t);
    }
  }
}
