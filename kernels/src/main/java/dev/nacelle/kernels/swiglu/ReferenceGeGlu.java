package dev.nacelle.kernels.swiglu;

import dev.nacelle.kernels.GeGlu;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;

/**
 * The gated unit with GELU in plain Java, in double: what the others are held against. tanh(z) is
 * written as 2σ(2z) − 1: at negative gates 1 + tanh would lose the digits that are left.
 */
public final class ReferenceGeGlu implements GeGlu {
  private static final double SLOPE = 2 * Math.sqrt(2 / Math.PI);
  private static final double CUBE = 0.044715;

  @Override
  public void forward(Operand y, Operand gate, Operand up) {
    SwiGluArguments.forward(y, gate, up);
    for (long i = 0; i < y.elements(); i++) {
      double g = Elements.get(gate, Elements.offset(gate, i));
      double u = Elements.get(up, Elements.offset(up, i));
      Elements.set(y, Elements.offset(y, i), g * sigmoid(g) * u);
    }
  }

  @Override
  public void backward(Operand gradGate, Operand gradUp, Operand gradY, Operand gate, Operand up) {
    SwiGluArguments.backward(gradGate, gradUp, gradY, gate, up);
    for (long i = 0; i < gradY.elements(); i++) {
      double gy = Elements.get(gradY, Elements.offset(gradY, i));
      double g = Elements.get(gate, Elements.offset(gate, i));
      double u = Elements.get(up, Elements.offset(up, i));
      double sigmoid = sigmoid(g);
      double slope = SLOPE * (1 + 3 * CUBE * g * g);
      double derivative = sigmoid + sigmoid * (1 - sigmoid) * g * slope;
      Elements.set(gradGate, Elements.offset(gradGate, i), gy * u * derivative);
      Elements.set(gradUp, Elements.offset(gradUp, i), gy * g * sigmoid);
    }
  }

  private static double sigmoid(double g) {
    return 1 / (1 + Math.exp(-SLOPE * (g + CUBE * g * g * g)));
  }
}
