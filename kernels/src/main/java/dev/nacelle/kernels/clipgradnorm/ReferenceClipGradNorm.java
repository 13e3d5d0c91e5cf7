package dev.nacelle.kernels.clipgradnorm;

import dev.nacelle.kernels.ClipGradNorm;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import java.util.List;

/** Norm and clipping in plain Java: what the others are held against. */
public final class ReferenceClipGradNorm implements ClipGradNorm {

  @Override
  public double norm(List<Operand> gradients) {
    ClipArguments.check(gradients);
    double squares = 0;
    for (Operand gradient : gradients) {
      for (long i = 0; i < gradient.elements(); i++) {
        double value = Elements.get(gradient, i);
        squares += value * value;
      }
    }
    return Math.sqrt(squares);
  }

  @Override
  public double clip(List<Operand> gradients, double maxNorm) {
    ClipArguments.check(gradients, maxNorm);
    double norm = norm(gradients);
    double factor = ClipArguments.factor(norm, maxNorm);
    for (Operand gradient : gradients) {
      for (long i = 0; i < gradient.elements(); i++) {
        Elements.set(gradient, i, Elements.get(gradient, i) * factor);
      }
    }
    return norm;
  }
}
