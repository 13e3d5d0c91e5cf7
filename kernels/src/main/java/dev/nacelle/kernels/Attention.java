package dev.nacelle.kernels;

import dev.nacelle.nativeaccess.DType;

/**
 * Softmax attention over packed samples: rows of one sample see only their own segment. Head h of
 * the queries reads key/value head ⌊h·K/H⌋. The (T, T) scores never exist but for a tile.
 *
 * <p>An infinity or NaN spoils the rows that see it. Under a mask it may spoil others of its own
 * segment and head too, since tiles hold what their rows do not see, and 0 · ∞ is NaN; never those
 * of another segment.
 */
public interface Attention {
  /**
   * @param out (T, H, D), written
   * @param logSumExp (H, T) fp32, written; what backward needs besides inputs and out
   * @param q (T, H, D), rows may be strided (stride of H is D)
   * @param k (T, K, D)
   * @param v (T, K, D)
   * @param mask which rows a row sees
   * @param scale multiplies q·k, 1/√D usually
   * @param softcap scaled scores s become softcap·tanh(s/softcap); 0 for none
   */
  void forward(
      Operand out,
      Operand logSumExp,
      Operand q,
      Operand k,
      Operand v,
      AttentionMask mask,
      float scale,
      float softcap);

  /** Bytes of scratch that {@link #forward} and {@link #cached} hold on to for these heads. */
  default long forwardScratch(long heads, long kvHeads, long headDim) {
    return 0;
  }

  /** Bytes of scratch that {@link #backward} holds on to, with gradQ of a type. */
  default long backwardScratch(
      AttentionMask mask, long heads, long kvHeads, long headDim, DType dtype) {
    return 0;
  }

  /** Causal, without a cap. */
  default void forward(
      Operand out, Operand logSumExp, Operand q, Operand k, Operand v, int[] starts, float scale) {
    forward(out, logSumExp, q, k, v, AttentionMask.causal(starts), scale, 0);
  }

  /** Writes gradQ (T, H, D), gradK and gradV (T, K, D). */
  void backward(
      Operand gradQ,
      Operand gradK,
      Operand gradV,
      Operand gradOut,
      Operand out,
      Operand logSumExp,
      Operand q,
      Operand k,
      Operand v,
      AttentionMask mask,
      float scale,
      float softcap);

  /** Causal, without a cap. */
  default void backward(
      Operand gradQ,
      Operand gradK,
      Operand gradV,
      Operand gradOut,
      Operand out,
      Operand logSumExp,
      Operand q,
      Operand k,
      Operand v,
      int[] starts,
      float scale) {
    AttentionMask mask = AttentionMask.causal(starts);
    backward(gradQ, gradK, gradV, gradOut, out, logSumExp, q, k, v, mask, scale, 0);
  }

  /**
   * Attention of new rows against a cache: query row i (of n) sees cache rows 0 … past + i, or the
   * last {@code window} of them.
   *
   * @param out (n, H, D)
   * @param q (n, H, D)
   * @param k (past + n, K, D)
   * @param v (past + n, K, D)
   * @param window how many rows a row sees, itself among them; 0 for all
   * @param softcap as in {@link #forward}
   */
  void cached(
      Operand out,
      Operand q,
      Operand k,
      Operand v,
      int past,
      int window,
      float scale,
      float softcap);

  /** Without a window and without a cap. */
  default void cached(Operand out, Operand q, Operand k, Operand v, int past, float scale) {
    cached(out, q, k, v, past, 0, scale, 0);
  }
}
