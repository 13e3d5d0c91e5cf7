package dev.nacelle.kernels;

/** Σx² of one tensor, in a fixed order. */
public interface SumOfSquares {
  /** The sum over all elements of x: fp32, bf16 or fp16, of any shape and strides. */
  double forward(Operand x);

  /** gradX = 2 · gradSum · x; contiguous, of x's shape and type, written. */
  void backward(Operand gradX, Operand x, float gradSum);
}
