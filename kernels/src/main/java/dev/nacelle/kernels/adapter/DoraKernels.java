package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
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
  private final @Nullable MethodHandle gradX;
  private final @Nullable NativeBuffer workspace;

  /**
   * @param workspace the products' own; null where products are not this library's
   */
  DoraKernels(NativeFunctions library, @Nullable NativeBuffer workspace) {
    this.workspace = workspace;
    gradX = workspace == null ? null : library.bind("nk_dora_linear_grad_x", "PPPPPPPLLLLLLLIIIII");
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
    Stored w = Stored.of(weight);
    try {
      norm.invokeExact(
          norms.address(),
          w.data(),
          w.absmax(),
          a.address(),
          b.address(),
          weight.size(0),
          weight.size(1),
          b.size(1),
          w.apart(),
          a.size(1),
          w.headRows(),
          w.type(),
          w.format(),
          scale,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dora_linear_norm", t);
    }
  }

  /** W as C takes it: format −1 for a plain one, and else no type. */
  private record Stored(long data, long absmax, long apart, long headRows, int type, int format) {
    static Stored of(Matrix weight) {
      return switch (weight) {
        case Operand w -> new Stored(w.address(), 0, w.stride(0), 0, DTypeCodes.of(w.dtype()), -1);
        case BlockMatrix w -> {
          Operand scales = w.absmax();
          yield new Stored(
              w.blocks().address(),
              scales == null ? 0 : scales.address(),
              w.blocks().stride(0),
              w.headRows(),
              0,
              w.format().code());
        }
      };
    }
  }

  /**
   * gradX = (gradY · magnitude/norms) · weight, without a scaled copy of gradY.
   *
   * @return false where products are not this library's: nothing was done
   */
  boolean gradX(Operand to, Operand gradY, Matrix weight, Operand norms, Operand magnitude) {
    MethodHandle bound = gradX;
    NativeBuffer memory = workspace;
    if (bound == null || memory == null) {
      return false;
    }
    Stored w = Stored.of(weight);
    try {
      bound.invokeExact(
          to.address(),
          memory.address(),
          gradY.address(),
          w.data(),
          w.absmax(),
          norms.address(),
          magnitude.address(),
          gradY.size(0),
          weight.size(0),
          weight.size(1),
          to.stride(0),
          gradY.stride(0),
          w.apart(),
          w.headRows(),
          DTypeCodes.of(to.dtype()),
          DTypeCodes.of(gradY.dtype()),
          w.type(),
          w.format(),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dora_linear_grad_x", t);
    }
    return true;
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
