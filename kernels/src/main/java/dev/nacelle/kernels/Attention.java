package dev.nacelle.kernels;

/**
 * Causal softmax attention over packed samples: rows of one sample see only their own segment. Head
 * h of the queries reads key/value head ⌊h·K/H⌋.
 */
public interface Attention {
  /**
   * @param out (T, H, D), written
   * @param logSumExp (H, T) fp32, written; what backward needs besides inputs and out
   * @param q (T, H, D), rows may be strided (stride of H is D)
   * @param k (T, K, D)
   * @param v (T, K, D)
   * @param starts first row of each segment, then T: S + 1 rising numbers
   * @param scale multiplies q·k, 1/√D usually
   */
  void forward(
      Operand out, Operand logSumExp, Operand q, Operand k, Operand v, int[] starts, float scale);

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
      int[] starts,
      float scale);

  /**
   * Attention of new rows against a cache: query row i (of n) sees cache rows 0 … past + i.
   *
   * @param out (n, H, D)
   * @param q (n, H, D)
   * @param k (past + n, K, D)
   * @param v (past + n, K, D)
   */
  void cached(Operand out, Operand q, Operand k, Operand v, int past, float scale);
}
