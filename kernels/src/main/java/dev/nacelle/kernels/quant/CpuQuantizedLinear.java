package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.lang.invoke.MethodHandle;

/** The face of quantized_linear/quantized_linear.c. */
public final class CpuQuantizedLinear implements QuantizedLinear {
  private final int threads;
  private final NativeBuffer workspace;
  private final MethodHandle forward;
  private final MethodHandle backward;

  /**
   * @param workspace the products' own, of nk_gemm_workspace's bytes: only one of the two works at
   *     a time
   */
  public CpuQuantizedLinear(NativeFunctions library, NativeBuffer workspace) {
    this.threads = library.threads();
    this.workspace = workspace;
    forward = library.bind("nk_quantized_linear_forward", "PPPPPLLLLLLLIIII");
    backward = library.bind("nk_quantized_linear_backward", "PPPPPLLLLLLLIIIFI");
  }

  @Override
  public void forward(Operand y, Operand x, BlockMatrix weight) {
    QuantArguments.linear("y", y, "x", x, weight);
    Operand blocks = weight.blocks();
    Operand absmax = weight.absmax();
    try {
      forward.invokeExact(
          y.address(),
          workspace.address(),
          x.address(),
          blocks.address(),
          absmax == null ? 0L : absmax.address(),
          x.size(0),
          weight.size(0),
          weight.size(1),
          y.stride(0),
          x.stride(0),
          blocks.stride(0),
          weight.headRows(),
          DTypeCodes.of(y.dtype()),
          DTypeCodes.of(x.dtype()),
          weight.format().code(),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_quantized_linear_forward", t);
    }
  }

  @Override
  public void backward(Operand gradX, Operand gradY, BlockMatrix weight, float beta) {
    QuantArguments.linear("gradY", gradY, "gradX", gradX, weight);
    Operand blocks = weight.blocks();
    Operand absmax = weight.absmax();
    try {
      backward.invokeExact(
          gradX.address(),
          workspace.address(),
          gradY.address(),
          blocks.address(),
          absmax == null ? 0L : absmax.address(),
          gradY.size(0),
          weight.size(0),
          weight.size(1),
          gradX.stride(0),
          gradY.stride(0),
          blocks.stride(0),
          weight.headRows(),
          DTypeCodes.of(gradX.dtype()),
          DTypeCodes.of(gradY.dtype()),
          weight.format().code(),
          beta,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_quantized_linear_backward", t);
    }
  }
}
