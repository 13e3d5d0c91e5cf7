package dev.nacelle.kernels.sumofsquares;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;

/** What every implementation of the sum asks of its arguments. */
final class SumOfSquaresArguments {
  /** Elements whose squares are summed before they join the others: NK_SQUARES_BLOCK in C. */
  static final long BLOCK = 8192;

  private SumOfSquaresArguments() {}

  static void forward(Operand x) {
    Checks.compute("x", x);
  }

  static void backward(Operand gradX, Operand x) {
    Checks.compute("x", x);
    Checks.sameShape("gradX", gradX, "x", x);
    Checks.sameDtype("gradX", gradX, "x", x);
    Checks.contiguous("gradX", gradX);
  }
}
