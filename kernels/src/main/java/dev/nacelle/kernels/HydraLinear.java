package dev.nacelle.kernels;

import org.jspecify.annotations.Nullable;

/**
 * y = x·Wᵀ + scale·Σ_e ω_e·(drop(x)·aᵀ)·b_eᵀ + bias with ω = softmax(x·routerᵀ) in fp32 (HydraLoRA,
 * Tian et al. 2024, arXiv 2404.19245): E heads in one product. Tensors as {@link LoraLinear} has
 * them, b (E, M, R), router (E, K).
 */
public interface HydraLinear {
  /** As {@link LoraLinear.Gradients}, and the router's. */
  record Gradients(
      @Nullable Operand x,
      @Nullable Operand w,
      @Nullable Operand a,
      @Nullable Operand b,
      @Nullable Operand router,
      @Nullable Operand bias) {}

  /**
   * @param hidden (N, R) fp32, written
   * @param omega (N, E) fp32, written
   */
  void forward(
      Operand y,
      Operand hidden,
      Operand omega,
      Operand x,
      Matrix weight,
      Operand router,
      @Nullable Operand bias,
      AdapterPair pair);

  /** Of {@link #forward}. */
  void backward(
      Gradients to,
      Operand gradY,
      Operand x,
      Operand hidden,
      Operand omega,
      Matrix weight,
      Operand router,
      AdapterPair pair);

  /**
   * The mixture alone, for whoever makes the products: mixed[e·R + r] = ω_e·hidden_r.
   *
   * @param mixed (N, E·R) fp32, written; all three contiguous
   * @param omega (N, E) fp32
   * @param hidden (N, R) fp32
   * @param weighed whether omega is ω already; else it holds the logits and becomes ω
   */
  void mix(Operand mixed, Operand omega, Operand hidden, boolean weighed);

  /**
   * Of {@link #mix}.
   *
   * @param gradHidden (N, R) fp32, written
   * @param gradLogits (N, E) fp32, written
   * @param gradOmega (N, E) fp32: what else pulls on ω, to which the mixture's share is added
   */
  void unmix(
      Operand gradHidden,
      Operand gradLogits,
      Operand gradOmega,
      Operand gradMixed,
      Operand omega,
      Operand hidden);
}
