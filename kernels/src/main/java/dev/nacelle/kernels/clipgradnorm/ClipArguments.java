package dev.nacelle.kernels.clipgradnorm;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import java.util.List;

/** What every implementation of clipping asks of its arguments, and the factor it applies. */
final class ClipArguments {
  private ClipArguments() {}

  static void check(List<Operand> gradients) {
    for (Operand gradient : gradients) {
      Checks.compute("gradient", gradient);
      Checks.contiguous("gradient", gradient);
    }
  }

  static void check(List<Operand> gradients, double maxNorm) {
    check(gradients);
    Checks.above("max_norm", maxNorm, 0);
  }

  /** What every gradient is multiplied by; a norm that is no number makes it none either. */
  static double factor(double norm, double maxNorm) {
    return Math.min(1, maxNorm / (norm + 1e-6));
  }
}
