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
  private final MethodHandle take;
  private final MethodHandle losses;
  private final MethodHandle finish;
  private final MethodHandle gradient;
  private final MethodHandle gather;
  private final MethodHandle scatter;

  SoftmaxKernels(NativeFunctions library) {
    threads = library.threads();
    take = library.bind("nk_cross_entropy_take", "PPPPPPPLLLLLIFI");
    losses = library.bind("nk_cross_entropy_losses", "PPPPL");
    finish = library.bind("nk_cross_entropy_finish", "PPPPPPLLLIFFI");
    gradient = library.bind("nk_cross_entropy_gradient", "PPPPPLLLFFI");
    gather = library.bind("nk_cross_entropy_gather", "PPPLLLII");
    scatter = library.bind("nk_cross_entropy_scatter", "PPPLLLII");
  }

  /** What is known of n rows: {@code targets}, and from the columns so far the rest. */
  record State(Operand max, Operand sums, Operand wanted, Operand targets) {
    /** The same for rows of the weight that were copied into another order. */
    State withTargets(Operand others) {
      return new State(max, sums, wanted, others);
    }
  }

  /**
   * Takes the logits of columns {@code first} on in.
   *
   * @param wide (n, C) sums of products with the columns before, or null
   * @param narrow (n, R) the same, or null
   * @param keep whether logits become what is multiplied back
   */
  void take(
      State state,
      @Nullable Operand wide,
      @Nullable Operand narrow,
      Operand logits,
      long first,
      boolean keep,
      float softcap) {
    try {
      take.invokeExact(
          state.max.address(),
          state.sums.address(),
          state.wanted.address(),
          address(wide),
          address(narrow),
          logits.address(),
          state.targets.address(),
          logits.size(0),
          logits.size(1),
          first,
          wide == null ? 0L : wide.size(1),
          narrow == null ? 0L : narrow.size(1),
          keep ? 1 : 0,
          softcap,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_cross_entropy_take", t);
    }
  }

  void losses(Operand y, State state) {
    try {
      losses.invokeExact(
          y.address(),
          state.max.address(),
          state.sums.address(),
          state.wanted.address(),
          y.size(0));
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_cross_entropy_losses", t);
    }
  }

  /**
   * Sums of products with all rows of {@code weight} become {@code factor} times the gradient.
   *
   * @param weights (n) fp32, or null for ones
   */
  void finish(
      Operand x,
      State state,
      Operand weight,
      @Nullable Operand weights,
      float factor,
      float softcap) {
    try {
      finish.invokeExact(
          x.address(),
          state.sums.address(),
          state.wanted.address(),
          weight.address(),
          state.targets.address(),
          address(weights),
          x.size(0),
          x.size(1),
          weight.stride(0),
          DTypeCodes.of(weight.dtype()),
          factor,
          softcap,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_cross_entropy_finish", t);
    }
  }

  /** Logits of columns {@code first} on become their gradient, once all columns were taken in. */
  void gradient(
      Operand logits,
      State state,
      @Nullable Operand weights,
      long first,
      float gradScale,
      float softcap) {
    try {
      gradient.invokeExact(
          logits.address(),
          state.max.address(),
          state.sums.address(),
          state.targets.address(),
          address(weights),
          logits.size(0),
          logits.size(1),
          first,
          gradScale,
          softcap,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_cross_entropy_gradient", t);
    }
  }

  private static long address(@Nullable Operand x) {
    return x == null ? 0L : x.address();
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
          address(x),
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
