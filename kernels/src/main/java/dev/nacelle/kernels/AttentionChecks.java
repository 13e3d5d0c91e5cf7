package dev.nacelle.kernels;

import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;

/**
 * What every implementation of {@link Attention} asks of its arguments, and the sizes it learns.
 */
public record AttentionChecks(long rows, int heads, int kvHeads, int headDim) {
  /**
   * For {@link Attention#forward}.
   *
   * @throws IllegalArgumentException unless all shapes fit each other
   */
  public static AttentionChecks forward(
      Operand out, Operand logSumExp, Operand q, Operand k, Operand v, AttentionMask mask) {
    AttentionChecks sizes = of(q, k, v);
    heads("out", out, sizes.rows, sizes.heads, sizes.headDim);
    heads("k", k, sizes.rows, sizes.kvHeads, sizes.headDim);
    logSumExp(logSumExp, sizes);
    rows(mask, sizes.rows);
    return sizes;
  }

  /**
   * For {@link Attention#backward}.
   *
   * @throws IllegalArgumentException unless all shapes fit each other
   */
  public static AttentionChecks backward(
      Operand gradQ,
      Operand gradK,
      Operand gradV,
      Operand gradOut,
      Operand out,
      Operand logSumExp,
      Operand q,
      Operand k,
      Operand v,
      AttentionMask mask) {
    AttentionChecks sizes = forward(out, logSumExp, q, k, v, mask);
    heads("gradQ", gradQ, sizes.rows, sizes.heads, sizes.headDim);
    heads("gradK", gradK, sizes.rows, sizes.kvHeads, sizes.headDim);
    heads("gradV", gradV, sizes.rows, sizes.kvHeads, sizes.headDim);
    heads("gradOut", gradOut, sizes.rows, sizes.heads, sizes.headDim);
    return sizes;
  }

  /**
   * For {@link Attention#cached}; {@code rows} are the new ones.
   *
   * @throws IllegalArgumentException unless all shapes fit each other
   */
  public static AttentionChecks cached(
      Operand out, Operand q, Operand k, Operand v, int past, int window) {
    AttentionChecks sizes = of(q, k, v);
    if (past < 0 || window < 0) {
      throw new IllegalArgumentException(
          "past and window must not be negative, given " + past + " and " + window);
    }
    heads("out", out, sizes.rows, sizes.heads, sizes.headDim);
    heads("k", k, past + sizes.rows, sizes.kvHeads, sizes.headDim);
    return sizes;
  }

  private static AttentionChecks of(Operand q, Operand k, Operand v) {
    Checks.rank("q", q, 3);
    Checks.rank("k", k, 3);
    int heads = Math.toIntExact(q.size(1));
    int kvHeads = Math.toIntExact(k.size(1));
    int headDim = Math.toIntExact(q.size(2));
    if (kvHeads == 0 || heads % kvHeads != 0 || headDim == 0) {
      throw new IllegalArgumentException(
          "q's heads must be a multiple of k's, given q " + q + " and k " + k);
    }
    heads("q", q, q.size(0), heads, headDim);
    heads("v", v, k.size(0), kvHeads, headDim);
    return new AttentionChecks(q.size(0), heads, kvHeads, headDim);
  }

  private static void heads(String name, Operand operand, long rows, long heads, long headDim) {
    Checks.shape(name, operand, rows, heads, headDim);
    Checks.compute(name, operand);
    if ((headDim > 1 && operand.stride(2) != 1) || (heads > 1 && operand.stride(1) != headDim)) {
      throw new IllegalArgumentException(
          name
              + " must have its heads adjacent in each row, given "
              + operand
              + " with strides "
              + Arrays.toString(operand.strides()));
    }
  }

  private static void logSumExp(Operand operand, AttentionChecks sizes) {
    Checks.shape("logSumExp", operand, sizes.heads, sizes.rows);
    Checks.dtype("logSumExp", operand, DType.FP32);
    Checks.contiguous("logSumExp", operand);
  }

  private static void rows(AttentionMask mask, long rows) {
    if (mask.rows() != rows) {
      throw new IllegalArgumentException(
          "starts must rise from 0 to " + rows + ", given " + Arrays.toString(mask.starts()));
    }
  }
}
