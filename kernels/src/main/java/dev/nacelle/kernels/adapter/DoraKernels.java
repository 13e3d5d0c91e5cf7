package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The face of dora_linear/dora_linear.c. */
final class DoraKernels {
  /** Parts that the magnitude's gradient is summed in, however many threads there are. */
  private static final long CHUNKS = 32;

  private final int threads;
  private final MethodHandle stride;
  private final MethodHandle norm;
  private final MethodHandle forward;
  private final MethodHandle rows;
  private final MethodHandle backward;

  DoraKernels(NativeFunctions library) {
    threads = library.threads();
    stride = library.bindLong("nk_dora_linear_stride", "L");
    norm = library.bind("nk_dora_linear_norm", "PPPPPLLLLLLIIFI");
    forward = library.bind("nk_dora_linear_forward", "PPPPPLLLLIII");
    rows = library.bind("nk_dora_linear_rows", "PPPLLI");
    backward = library.bind("nk_dora_linear_backward", "PPPPPLLLLLIII");
  }

  /** Floats between rows of a that {@link #norm} wants. */
  long stride(long columns) {
    try {
      return (long) stride.invokeExact(columns);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dora_linear_stride", t);
    }
  }

  /**
   * norms (M) = row norms of weight + scale·b·a.
   *
   * @param a (R, stride) fp32, padded with zeros
   * @param b (M, R) fp32
   */
  void norm(Operand norms, Matrix weight, Operand a, Operand b, float scale) {
    long data;
    long absmax = 0;
    long apart;
    long headRows = 0;
    int type = 0;
    int format = -1;
    switch (weight) {
      case Operand w -> {
        data = w.address();
        apart = w.stride(0);
        type = DTypeCodes.of(w.dtype());
      }
      case BlockMatrix w -> {
        Operand scales = w.absmax();
        data = w.blocks().address();
        absmax = scales == null ? 0 : scales.address();
        apart = w.blocks().stride(0);
        headRows = w.headRows();
        format = w.format().code();
      }
    }
    try {
      norm.invokeExact(
          norms.address(),
          data,
          absmax,
          a.address(),
          b.address(),
          weight.size(0),
          weight.size(1),
          b.size(1),
          apart,
          a.size(1),
          headRows,
          type,
          format,
          scale,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dora_linear_norm", t);
    }
  }

  /** y = product · magnitude/norms + bias, column by column. */
  void scale(Operand y, Operand product, Operand norms, Operand magnitude, @Nullable Operand bias) {
    try {
      forward.invokeExact(
          y.address(),
          product.address(),
          norms.address(),
          magnitude.address(),
          bias == null ? 0L : bias.address(),
          y.size(0),
          y.size(1),
          y.stride(0),
          product.stride(0),
          DTypeCodes.of(y.dtype()),
          DTypeCodes.of(product.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dora_linear_forward", t);
    }
  }

  /** Row i of x, fp32 and contiguous, times magnitude[i]/norms[i]. */
  void scaleRows(Operand x, Operand norms, Operand magnitude) {
    try {
      rows.invokeExact(
          x.address(), norms.address(), magnitude.address(), x.size(0), x.size(1), threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dora_linear_rows", t);
    }
  }

  void gradMagnitude(
      Scratch scratch, Operand gradMagnitude, Operand gradY, Operand product, Operand norms) {
    long chunkRows = Math.max(16, (gradY.size(0) + CHUNKS - 1) / CHUNKS);
    long chunks = (gradY.size(0) + chunkRows - 1) / chunkRows;
    try {
      backward.invokeExact(
          gradMagnitude.address(),
          scratch.tensor(DType.FP64, chunks, gradY.size(1)).address(),
          gradY.address(),
          product.address(),
          norms.address(),
          gradY.size(0),
          gradY.size(1),
          chunkRows,
          gradY.stride(0),
          product.stride(0),
          DTypeCodes.of(gradY.dtype()),
          DTypeCodes.of(product.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dora_linear_backward", t);
    }
  }
}
