package dev.nacelle.kernels.sumofsquares;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SumOfSquares;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;

/** The face of sum_of_squares/sum_of_squares.c. */
public final class CpuSumOfSquares implements SumOfSquares {
  private final int threads;
  private final MethodHandle forward;
  private final MethodHandle backward;

  public CpuSumOfSquares(NativeFunctions library) {
    threads = library.threads();
    forward = library.bind("nk_sum_of_squares_forward", "PPPLII");
    backward = library.bind("nk_sum_of_squares_backward", "PPLIFI");
  }

  @Override
  public double forward(Operand x) {
    SumOfSquaresArguments.forward(x);
    try (Scratch scratch = new Scratch()) {
      Operand in = scratch.contiguous(x);
      long blocks = (in.elements() + SumOfSquaresArguments.BLOCK - 1) / SumOfSquaresArguments.BLOCK;
      Operand sums = scratch.tensor(DType.FP64, 1 + blocks);
      forward.invokeExact(
          sums.address(),
          sums.address() + Double.BYTES,
          in.address(),
          in.elements(),
          DTypeCodes.of(in.dtype()),
          threads);
      return Elements.get(sums, 0);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_sum_of_squares_forward", t);
    }
  }

  @Override
  public void backward(Operand gradX, Operand x, float gradSum) {
    SumOfSquaresArguments.backward(gradX, x);
    try (Scratch scratch = new Scratch()) {
      Operand in = scratch.contiguous(x);
      backward.invokeExact(
          gradX.address(),
          in.address(),
          in.elements(),
          DTypeCodes.of(in.dtype()),
          gradSum,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_sum_of_squares_backward", t);
    }
  }
}
