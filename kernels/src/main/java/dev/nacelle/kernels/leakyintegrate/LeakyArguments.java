package dev.nacelle.kernels.leakyintegrate;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;

/** What every implementation of the integrator asks of its arguments. */
final class LeakyArguments {
  private LeakyArguments() {}

  /** v, or its gradient, beside x, or its gradient. */
  static void check(String vName, Operand v, String xName, Operand x, float tau) {
    Checks.compute(xName, x);
    Checks.rankAtLeast(xName, x, 1, "(T, …)");
    Checks.dtype(vName, v, DType.FP32);
    Checks.sameShape(vName, v, xName, x);
    Checks.above("tau", tau, 0);
  }
}
