package dev.nacelle.kernels;

/**
 * Products with a frozen matrix that stays quantised: it is widened tile by tile inside the
 * product, and never whole. Every storage type of the other operands goes with every format.
 */
public interface QuantizedLinear {
  /**
   * y = x·Wᵀ.
   *
   * @param y (T, M) written; rows may be strided, columns adjacent, here and below
   * @param x (T, K)
   * @param weight (M, K)
   */
  void forward(Operand y, Operand x, BlockMatrix weight);

  /**
   * gradX = gradY·W + beta · gradX; the matrix itself gets no gradient.
   *
   * @param gradX (T, K)
   * @param gradY (T, M)
   * @param weight (M, K)
   * @param beta 0 writes gradX whatever it held, NaN included
   */
  void backward(Operand gradX, Operand gradY, BlockMatrix weight, float beta);
}
