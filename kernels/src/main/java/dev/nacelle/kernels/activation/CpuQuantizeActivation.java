package dev.nacelle.kernels.activation;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.QuantizeActivation;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Rows;
import dev.nacelle.kernels.common.Scratch;
import java.lang.invoke.MethodHandle;

/** The face of quantize_activation/quantize_activation.c. */
public final class CpuQuantizeActivation implements QuantizeActivation {
  private final int threads;
  private final MethodHandle quantize;
  private final MethodHandle dequantize;

  public CpuQuantizeActivation(NativeFunctions library) {
    threads = library.threads();
    quantize = library.bind("nk_quantize_activation_forward", "PPPLLLLLIII");
    dequantize = library.bind("nk_dequantize_activation_forward", "PPPLLLLIII");
  }

  @Override
  public void quantize(Operand codes, Operand scales, Operand x, Form form, long seed) {
    ActivationArguments.check("x", x, codes, scales, form);
    try (Scratch scratch = new Scratch()) {
      Rows in = scratch.rows(x);
      quantize.invokeExact(
          codes.address(),
          scales.address(),
          in.address(),
          in.rows(),
          in.columns(),
          form.block(),
          in.stride(),
          seed,
          form.bits(),
          DTypeCodes.of(x.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_quantize_activation_forward", t);
    }
  }

  @Override
  public void dequantize(Operand y, Operand codes, Operand scales, Form form) {
    ActivationArguments.check("y", y, codes, scales, form);
    Rows out = Rows.written("y", y);
    try {
      dequantize.invokeExact(
          out.address(),
          codes.address(),
          scales.address(),
          out.rows(),
          out.columns(),
          form.block(),
          out.stride(),
          form.bits(),
          DTypeCodes.of(y.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dequantize_activation_forward", t);
    }
  }
}
