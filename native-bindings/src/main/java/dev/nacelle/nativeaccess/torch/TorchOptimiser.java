package dev.nacelle.nativeaccess.torch;

import java.util.List;

/** One step of an optimiser over all tensors of a group in one call. */
public final class TorchOptimiser {
  private static final TorchOperator FUSED_ADAMW = TorchOperator.of("aten::_fused_adamw_", "");

  TorchOptimiser() {}

  /** AdamW's numbers. */
  public record AdamW(double lr, double beta1, double beta2, double weightDecay, double eps) {}

  /**
   * AdamW in place.
   *
   * @param steps one fp32 scalar a parameter, counted from one and set by the caller
   */
  public void adamW(
      List<TorchTensor> parameters,
      List<TorchTensor> gradients,
      List<TorchTensor> firstMoments,
      List<TorchTensor> secondMoments,
      List<TorchTensor> steps,
      AdamW numbers) {
    FUSED_ADAMW
        .begin()
        .tensors(parameters)
        .tensors(gradients)
        .tensors(firstMoments)
        .tensors(secondMoments)
        .tensors(List.of())
        .tensors(steps)
        .float64(numbers.lr())
        .float64(numbers.beta1())
        .float64(numbers.beta2())
        .float64(numbers.weightDecay())
        .float64(numbers.eps())
        .bool(false)
        .bool(false)
        .none()
        .none()
        .invoke(0);
  }
}
