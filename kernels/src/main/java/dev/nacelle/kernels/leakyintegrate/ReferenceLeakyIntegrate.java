package dev.nacelle.kernels.leakyintegrate;

import dev.nacelle.kernels.LeakyIntegrate;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;

/** The integrator in plain Java, in double. */
public final class ReferenceLeakyIntegrate implements LeakyIntegrate {
  @Override
  public void forward(Operand v, Operand x, float tau, boolean decayInput) {
    LeakyArguments.check("v", v, "x", x, tau);
    long neurons = neurons(x);
    for (long j = 0; j < neurons; j++) {
      double state = 0;
      for (long t = 0; t < x.size(0); t++) {
        double input = Elements.get(x, Elements.offset(x, t * neurons + j));
        state = decayInput ? state + (input - state) / tau : state - state / tau + input;
        Elements.set(v, Elements.offset(v, t * neurons + j), state);
      }
    }
  }

  @Override
  public void backward(Operand gradX, Operand gradV, float tau, boolean decayInput) {
    LeakyArguments.check("gradV", gradV, "gradX", gradX, tau);
    long neurons = neurons(gradX);
    for (long j = 0; j < neurons; j++) {
      double pull = 0;
      for (long t = gradX.size(0) - 1; t >= 0; t--) {
        pull =
            Elements.get(gradV, Elements.offset(gradV, t * neurons + j)) + pull * (1 - 1.0 / tau);
        Elements.set(
            gradX, Elements.offset(gradX, t * neurons + j), decayInput ? pull / tau : pull);
      }
    }
  }

  private static long neurons(Operand x) {
    return x.size(0) == 0 ? 0 : x.elements() / x.size(0);
  }
}
