package dev.nacelle.kernels.leakyintegrate;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.LeakyIntegrate;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import java.lang.invoke.MethodHandle;

/** The face of leaky_integrate/leaky_integrate.c. */
public final class CpuLeakyIntegrate implements LeakyIntegrate {
  private final int threads;
  private final MethodHandle forward;
  private final MethodHandle backward;

  public CpuLeakyIntegrate(NativeFunctions library) {
    threads = library.threads();
    forward = library.bind("nk_leaky_integrate_forward", "PPLLIFII");
    backward = library.bind("nk_leaky_integrate_backward", "PPLLIFII");
  }

  @Override
  public void forward(Operand v, Operand x, float tau, boolean decayInput) {
    LeakyArguments.check("v", v, "x", x, tau);
    Checks.contiguous("v", v);
    run("nk_leaky_integrate_forward", forward, v, x, x, tau, decayInput);
  }

  @Override
  public void backward(Operand gradX, Operand gradV, float tau, boolean decayInput) {
    LeakyArguments.check("gradV", gradV, "gradX", gradX, tau);
    Checks.contiguous("gradX", gradX);
    run("nk_leaky_integrate_backward", backward, gradX, gradV, gradX, tau, decayInput);
  }

  private void run(
      String name,
      MethodHandle function,
      Operand out,
      Operand in,
      Operand stored,
      float tau,
      boolean decayInput) {
    if (out.elements() == 0) {
      return;
    }
    try (Scratch scratch = new Scratch()) {
      function.invokeExact(
          out.address(),
          scratch.contiguous(in).address(),
          out.size(0),
          out.elements() / out.size(0),
          DTypeCodes.of(stored.dtype()),
          tau,
          decayInput ? 1 : 0,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure(name, t);
    }
  }
}
