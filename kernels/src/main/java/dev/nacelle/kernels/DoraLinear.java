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

  /** Row norms of weight + scale·b·a; norms (M) fp32, written. */
  void norms(Operand norms, Matrix weight, AdapterPair pair);

  /**
   * y (N, M) = x · magnitude/norms + bias, column by column; y may be x.
   *
   * @param magnitude (M) fp32
   * @param bias (M) or null
   */
  void scale(Operand y, Operand x, Operand norms, Operand magnitude, @Nullable Operand bias);

  /** gradMagnitude (M) fp32, written: the sum of gradY · product/norms over the rows (N, M). */
  void gradMagnitude(Operand gradMagnitude, Operand gradY, Operand product, Operand norms);

  /**
   * The whole layer.
   *
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
