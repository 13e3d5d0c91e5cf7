package dev.nacelle.kernels;

/** Products with a frozen matrix, however it is stored. */
public record WeightProducts(Products plain, QuantizedLinear quantized) {
  /** y (T, M) = x (T, K) · Wᵀ; W (M, K). */
  public void forward(Operand y, Operand x, Matrix weight) {
    switch (weight) {
      case Operand w -> plain.multiply(y, x, false, w, true, 1, 0);
      case BlockMatrix w -> quantized.forward(y, x, w);
    }
  }

  /** gradX (T, K) = gradY (T, M) · W + beta · gradX. */
  public void backward(Operand gradX, Operand gradY, Matrix weight, float beta) {
    switch (weight) {
      case Operand w -> plain.multiply(gradX, gradY, false, w, false, 1, beta);
      case BlockMatrix w -> quantized.backward(gradX, gradY, w, beta);
    }
  }
}
