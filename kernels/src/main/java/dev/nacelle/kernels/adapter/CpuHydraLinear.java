package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.HydraLinear;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The layer as products around hydra_linear/hydra_linear.c: one with a, one with all heads side by
 * side, the router's weights multiplied into the rank axis.
 */
public final class CpuHydraLinear implements HydraLinear {
  private final LowRankSteps steps;
  private final int threads;
  private final MethodHandle forward;
  private final MethodHandle backward;

  public CpuHydraLinear(
      NativeFunctions library,
      Products products,
      QuantizedLinear quantized,
      Elementwise elementwise) {
    steps = new LowRankSteps(products, quantized, elementwise);
    threads = library.threads();
    forward = library.bind("nk_hydra_linear_forward", "PPPLLLII");
    backward = library.bind("nk_hydra_linear_backward", "PPPPPPLLLI");
  }

  @Override
  public void forward(
      Operand y,
      Operand hidden,
      Operand omega,
      Operand x,
      Matrix weight,
      Operand router,
      @Nullable Operand bias,
      AdapterPair pair) {
    check(y, hidden, omega, x, weight, router, pair);
    AdapterArguments.bias(bias, weight.size(0));
    steps.down(hidden, x, pair);
    steps.times(omega, x, router, 1, 0);
    try (Scratch scratch = new Scratch()) {
      Operand mixed = mix(scratch, hidden, omega, false);
      Operand stacked = stacked(scratch, pair);
      steps.roundedOnce(
          y,
          (out, from, to) -> {
            steps.base(out, x.rows(from, to), weight);
            steps.times(out, mixed.rows(from, to), stacked, pair.scale(), 1);
            steps.addBias(out, bias);
          });
    }
  }

  private static void check(
      Operand y,
      Operand hidden,
      Operand omega,
      Operand x,
      Matrix weight,
      Operand router,
      AdapterPair pair) {
    Checks.rank("b", pair.b(), 3, "(E, M, R)");
    long heads = pair.b().size(0);
    AdapterArguments.common(y, hidden, x, weight, pair, heads);
    AdapterArguments.matrix("router", router, heads, x.size(1));
    AdapterArguments.floats("omega", omega, x.size(0), heads);
  }

  private Operand mix(Scratch scratch, Operand hidden, Operand omega, boolean weighed) {
    Operand mixed = scratch.tensor(DType.FP32, hidden.size(0), omega.size(1) * hidden.size(1));
    mix(mixed, omega, hidden, weighed);
    return mixed;
  }

  @Override
  public void mix(Operand mixed, Operand omega, Operand hidden, boolean weighed) {
    AdapterArguments.mixture(mixed, omega, hidden);
    try {
      forward.invokeExact(
          mixed.address(),
          omega.address(),
          hidden.address(),
          hidden.size(0),
          omega.size(1),
          hidden.size(1),
          weighed ? 1 : 0,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_hydra_linear_forward", t);
    }
  }

  /** b (E, M, R) as (M, E·R). */
  private Operand stacked(Scratch scratch, AdapterPair pair) {
    Operand b = pair.b();
    Operand all = scratch.tensor(b.dtype(), b.size(1), b.size(0) * b.size(2));
    steps.convert(byHead(all, b), b);
    return all;
  }

  /** (M, E·R) seen as (E, M, R). */
  private static Operand byHead(Operand stacked, Operand b) {
    long rank = b.size(2);
    return Operand.view(
        stacked.buffer(),
        stacked.byteOffset(),
        stacked.dtype(),
        b.shape(),
        new long[] {rank, b.size(0) * rank, 1});
  }

  @Override
  public void backward(
      Gradients to,
      Operand gradY,
      Operand x,
      Operand hidden,
      Operand omega,
      Matrix weight,
      Operand router,
      AdapterPair pair) {
    check(gradY, hidden, omega, x, weight, router, pair);
    AdapterArguments.gradients(to.x(), to.w(), to.a(), to.b(), to.bias(), x, weight, pair);
    if (to.router() != null) {
      AdapterArguments.floats("gradRouter", to.router(), router.shape());
    }
    if (to.w() != null) {
      steps.turnedTimes(to.w(), gradY, x, 1, 0);
    }
    if (to.bias() != null) {
      steps.sumRows(to.bias(), gradY);
    }
    try (Scratch scratch = new Scratch()) {
      Operand stacked = stacked(scratch, pair);
      Operand gradMixed;
      if (to.b() == null) {
        gradMixed = scratch.tensor(DType.FP32, x.size(0), stacked.size(1));
      } else {
        Operand mixed = mix(scratch, hidden, omega, true);
        Operand all = scratch.tensor(DType.FP32, gradY.size(1), mixed.size(1));
        steps.turnedTimes(all, gradY, mixed, pair.scale(), 0);
        steps.convert(to.b(), byHead(all, pair.b()));
        // The mixture has done its work: its gradient takes its memory.
        gradMixed = mixed;
      }
      steps.timesPlain(gradMixed, gradY, stacked, pair.scale(), 0);
      Operand gradHidden = scratch.tensor(DType.FP32, hidden.shape());
      Operand gradLogits = scratch.tensor(DType.FP32, omega.shape());
      Operand gradOmega = scratch.tensor(DType.FP32, omega.shape());
      Elements.fill(gradOmega, 0);
      unmix(gradHidden, gradLogits, gradOmega, gradMixed, omega, hidden);
      boolean same = x.elements() > 0 && !pair.dropout().isActive();
      if (same && to.a() != null && to.router() != null) {
        backwardTogether(scratch, to, gradY, x, gradHidden, gradLogits, weight, router, pair);
        return;
      }
      if (to.a() != null) {
        steps.downBackward(to.a(), gradHidden, x, pair);
      }
      if (to.router() != null) {
        steps.turnedTimes(to.router(), gradLogits, x, 1, 0);
      }
      if (to.x() != null) {
        steps.roundedOnce(
            to.x(),
            (out, from, end) -> {
              steps.baseBackward(out, gradY.rows(from, end), weight);
              steps.timesPlain(out, gradLogits.rows(from, end), router, 1, 1);
              steps.throughA(out, gradHidden.rows(from, end), from, pair);
            });
      }
    }
  }

  /**
   * Where a and the router see the same x, one product over it serves both, and so does one back.
   */
  private void backwardTogether(
      Scratch scratch,
      Gradients to,
      Operand gradY,
      Operand x,
      Operand gradHidden,
      Operand gradLogits,
      Matrix weight,
      Operand router,
      AdapterPair pair) {
    long rank = gradHidden.size(1);
    long all = rank + gradLogits.size(1);
    Operand pull = scratch.tensor(DType.FP32, x.size(0), all);
    steps.convert(columns(pull, 0, rank), gradHidden);
    steps.convert(columns(pull, rank, all), gradLogits);
    Operand both = scratch.tensor(DType.FP32, all, x.size(1));
    steps.turnedTimes(both, pull, x, 1, 0);
    steps.convert(Objects.requireNonNull(to.a()), both.rows(0, rank));
    steps.convert(Objects.requireNonNull(to.router()), both.rows(rank, all));
    if (to.x() != null) {
      // The gradients have gone: the matrices themselves take their memory.
      steps.convert(both.rows(0, rank), pair.a());
      steps.convert(both.rows(rank, all), router);
      steps.roundedOnce(
          to.x(),
          (out, from, end) -> {
            steps.baseBackward(out, gradY.rows(from, end), weight);
            steps.timesPlain(out, pull.rows(from, end), both, 1, 1);
          });
    }
  }

  private static Operand columns(Operand x, long from, long end) {
    long offset = x.byteOffset() + from * x.dtype().bytes();
    long[] shape = {x.size(0), end - from};
    return Operand.view(x.buffer(), offset, x.dtype(), shape, new long[] {x.stride(0), 1});
  }

  @Override
  public void unmix(
      Operand gradHidden,
      Operand gradLogits,
      Operand gradOmega,
      Operand gradMixed,
      Operand omega,
      Operand hidden) {
    AdapterArguments.mixture(gradMixed, omega, hidden);
    AdapterArguments.floats("gradHidden", gradHidden, hidden.shape());
    AdapterArguments.floats("gradLogits", gradLogits, omega.shape());
    AdapterArguments.floats("gradOmega", gradOmega, omega.shape());
    try {
      backward.invokeExact(
          gradHidden.address(),
          gradLogits.address(),
          gradOmega.address(),
          gradMixed.address(),
          omega.address(),
          hidden.address(),
          hidden.size(0),
          omega.size(1),
          hidden.size(1),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_hydra_linear_backward", t);
    }
  }
}
