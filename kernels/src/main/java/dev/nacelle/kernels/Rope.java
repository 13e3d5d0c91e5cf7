package dev.nacelle.kernels;

/** Rotary position embedding: pairs of a head's elements turn by position · inv_freq. */
public interface Rope {
  /**
   * @param y (B, T, H, D), written; may be x itself
   * @param x (B, T, H, D) fp32, bf16 or fp16, rows may be strided
   * @param positions (B, T) I32 or I64
   * @param invFreq (D/2) fp32
   * @param interleaved pairs neighbours; otherwise element i with i + D/2
   * @param scale multiplies cosine and sine (YaRN's attention factor; 1 otherwise)
   */
  void forward(
      Operand y, Operand x, Operand positions, Operand invFreq, boolean interleaved, float scale);

  /** The inverse rotation of gradY into gradX (may be gradY itself); shapes as in forward. */
  void backward(
      Operand gradX,
      Operand gradY,
      Operand positions,
      Operand invFreq,
      boolean interleaved,
      float scale);
}
