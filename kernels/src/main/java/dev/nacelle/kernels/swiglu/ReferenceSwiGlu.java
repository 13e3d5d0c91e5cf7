package dev.nacelle.kernels.swiglu;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SwiGlu;
import dev.nacelle.kernels.common.Elements;

/** The gated unit in plain Java, in double: what the others are held against. */
public final class ReferenceSwiGlu implements SwiGlu {

  @Override
  public void forward(Operand y, Operand gate, Operand up) {
    SwiGluArguments.forward(y, gate, up);
    for (long i = 0; i < y.elements(); i++) {
      double g = Elements.get(gate, Elements.offset(gate, i));
      double u = Elements.get(up, Elements.offset(up, i));
      Elements.set(y, Elements.offset(y, i), g / (1 + Math.exp(-g)) * u);
    }
  }

  @Override
  public void backward(Operand gradGate, Operand gradUp, Operand gradY, Operand gate, Operand up) {
    SwiGluArguments.backward(gradGate, gradUp, gradY, gate, up);
    for (long i = 0; i < gradY.elements(); i++) {
      double gy = Elements.get(gradY, Elements.offset(gradY, i));
      double g = Elements.get(gate, Elements.offset(gate, i));
      double u = Elements.get(up, Elements.offset(up, i));
      double sigmoid = 1 / (1 + Math.exp(-g));
      Elements.set(
          gradGate, Elements.offset(gradGate, i), gy * u * sigmoid * (1 + g * (1 - sigmoid)));
      Elements.set(gradUp, Elements.offset(gradUp, i), gy * g * sigmoid);
    }
  }
}
