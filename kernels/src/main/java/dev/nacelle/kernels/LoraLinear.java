package dev.nacelle.kernels;

import org.jspecify.annotations.Nullable;

/**
 * y = x·Wᵀ + scale·(drop(x)·aᵀ)·bᵀ + bias (Hu et al. 2021, arXiv 2106.09685), W frozen, plain or
 * quantised. x is (N, K) and contiguous, y (N, M); fp32, bf16 or fp16.
 */
public interface LoraLinear {
  /** Where gradients go, each written, each null where nobody wants it; all but x's are fp32. */
  record Gradients(
      @Nullable Operand x,
      @Nullable Operand w,
      @Nullable Operand a,
      @Nullable Operand b,
      @Nullable Operand bias) {}

  /**
   * @param y (N, M) written
   * @param hidden (N, R) fp32, written: drop(x)·aᵀ, which backward needs
   * @param bias (M) or null
   */
  void forward(
      Operand y,
      Operand hidden,
      Operand x,
      Matrix weight,
      @Nullable Operand bias,
      AdapterPair pair);

  /**
   * @throws IllegalArgumentException if a quantised matrix is asked for a gradient
   */
  void backward(
      Gradients to, Operand gradY, Operand x, Operand hidden, Matrix weight, AdapterPair pair);
}
