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
}
