package dev.nacelle.kernels;

import org.jspecify.annotations.Nullable;

/** Root-mean-square norm over the last dimension C: y = x · rstd · (offset + weight). */
public interface RmsNorm {
  /**
   * @param y (…, C), x's dtype, written
   * @param rstd (…), fp32, written: 1/√(mean(x²) + eps)
   * @param x (…, C) fp32, bf16 or fp16
   * @param weight (C)
   * @param offset 0 (Llama: x·rstd rounds to the storage type before the weight) or 1 (Gemma: one
   *     rounding at the end)
   */
  void forward(Operand y, Operand rstd, Operand x, Operand weight, float eps, int offset);

  /**
   * The gradient of the inputs, from that of y alone.
   *
   * @param gradX (…, C) or null where nobody asks
   * @param gradWeight (C) fp32 or null where the weight is frozen
   * @param accumulate whether gradX is added to; gradWeight is always written
   */
  default void backward(
      @Nullable Operand gradX,
      @Nullable Operand gradWeight,
      Operand gradY,
      Operand x,
      Operand weight,
      Operand rstd,
      int offset,
      boolean accumulate) {
    backward(gradX, gradWeight, gradY, null, x, weight, rstd, offset, accumulate);
  }

  /**
   * The gradient of the inputs, from that of either output or both.
   *
   * @param gradX (…, C) x's dtype, or null where nobody asks
   * @param gradWeight (C) fp32 or null where the weight is frozen
   * @param gradY (…, C) x's dtype, any strides, or null for zeros
   * @param gradRstd (…) fp32, any strides, or null for zeros
   * @param accumulate whether gradX is added to; gradWeight is always written
   */
  void backward(
      @Nullable Operand gradX,
      @Nullable Operand gradWeight,
      @Nullable Operand gradY,
      @Nullable Operand gradRstd,
      Operand x,
      Operand weight,
      Operand rstd,
      int offset,
      boolean accumulate);
}
