package dev.nacelle.kernels;

/** A gated unit: y = f(gate) · up, elementwise. */
public interface GatedUnit {
  /** All of one shape and storage type; y is written. */
  void forward(Operand y, Operand gate, Operand up);

  /**
   * gradGate may be gate's own memory and gradUp up's: each element is read before it is written.
   */
  void backward(Operand gradGate, Operand gradUp, Operand gradY, Operand gate, Operand up);
}
