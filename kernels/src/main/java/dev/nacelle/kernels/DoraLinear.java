package dev.nacelle.kernels;

import org.jspecify.annotations.Nullable;

/**
 * y = (x·Wᵀ + scale·(drop(x)·aᵀ)·bᵀ) · magnitude/‖V‖ + bias with ‖V‖ the row norms of V = W +
 * scale·b·a, a constant for the gradient (DoRA, Liu et al. 2024, arXiv 2402.09353). Tensors as
 * {@link LoraLinear} has them, magnitude (M).
 */
public interface DoraLinear {
  /** As {@link LoraLinear.Gradients}, and the magnitude's. */
  record Gradients(
      @Nullable Operand x,
      @Nullable Operand w,
      @Nullable Operand a,
      @Nullable Operand b,
      @Nullable Operand magnitude,
      @Nullable Operand bias) {}

  /**
   * @param product (N, M) fp32, bf16 or fp16, written: y before magnitude and bias; may be y itself
   *     where the magnitude gets no gradient
   * @param norms (M) fp32, written
   * @param hidden (N, R) fp32, written
   */
  void forward(
      Operand y,
      Operand product,
      Operand norms,
      Operand hidden,
      Operand x,
      Matrix weight,
      Operand magnitude,
      @Nullable Operand bias,
      AdapterPair pair);

  /** Of {@link #forward}. */
  void backward(
      Gradients to,
      Operand gradY,
      Operand x,
      Operand product,
      Operand norms,
      Operand hidden,
      Matrix weight,
      Operand magnitude,
      AdapterPair pair);
}
