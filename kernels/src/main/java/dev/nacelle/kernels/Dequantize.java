package dev.nacelle.kernels;

/** Quantised blocks widened to plain elements, bit for bit as the formats' own packages do it. */
public interface Dequantize {
  /**
   * The whole matrix.
   *
   * @param y (M, K) fp32, bf16 or fp16, columns adjacent, written
   */
  void forward(Operand y, BlockMatrix matrix);

  /**
   * Row i of y = row ids[i] of the table.
   *
   * @param y (N, K) fp32, bf16 or fp16, columns adjacent, written
   * @param table (V, K)
   * @param ids (N) I32 or I64
   * @throws IllegalArgumentException for an id outside the table
   */
  void gatherRows(Operand y, BlockMatrix table, Operand ids);
}
