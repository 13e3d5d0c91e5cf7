package dev.nacelle.kernels;

import org.jspecify.annotations.Nullable;

/** A linear layer on spikes that lie as bits; silent words are skipped. */
public interface SpikeLinear {
  /**
   * y = spikes·weightᵀ + bias.
   *
   * @param y (…, M) fp32, bf16 or fp16, written
   * @param bits (…, ⌈N/32⌉) I32
   * @param weight (M, N)
   * @param bias (M), or null
   */
  void forward(Operand y, Operand bits, Operand weight, @Nullable Operand bias);

  /**
   * @param gradBits (…, N) fp32: the gradient of the spikes; null where nobody asks
   * @param gradWeight (M, N) fp32, or null where the weight is frozen
   * @param gradBias (M) fp32, or null
   * @param gradY (…, M), any strides
   */
  void backward(
      @Nullable Operand gradBits,
      @Nullable Operand gradWeight,
      @Nullable Operand gradBias,
      Operand gradY,
      Operand bits,
      Operand weight);
}
