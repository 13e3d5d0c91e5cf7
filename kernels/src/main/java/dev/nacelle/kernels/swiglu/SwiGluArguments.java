package dev.nacelle.kernels.swiglu;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;

/** What every implementation of the gated unit asks of its arguments. */
final class SwiGluArguments {
  private SwiGluArguments() {}

  static void forward(Operand y, Operand gate, Operand up) {
    Checks.compute("gate", gate);
    like("up", up, gate);
    like("y", y, gate);
  }

  static void backward(Operand gradGate, Operand gradUp, Operand gradY, Operand gate, Operand up) {
    Checks.compute("gate", gate);
    like("up", up, gate);
    like("gradY", gradY, gate);
    like("gradGate", gradGate, gate);
    like("gradUp", gradUp, gate);
  }

  private static void like(String name, Operand x, Operand gate) {
    Checks.sameShape(name, x, "gate", gate);
    Checks.sameDtype(name, x, "gate", gate);
  }
}
