package dev.nacelle.kernels;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The model's head and its loss in one: losses = logsumexp(hidden·weightᵀ) − logit of the target.
 * Rows whose target is −100 are skipped before the product; the (N, V) logits never exist, only a
 * chunk of them in the workspace.
 */
public interface CrossEntropy {
  int IGNORED = -100;

  /**
   * A low-rank pair beside the head: logits += scale · (hidden·aᵀ)·bᵀ; a (R, C), b (V, R), fp32,
   * bf16 or fp16; gradA and gradB have their shapes, are fp32 and written.
   */
  record LowRank(
      Operand a, Operand b, float scale, @Nullable Operand gradA, @Nullable Operand gradB) {}

  /**
   * Bytes of scratch that {@link #forward} wants for these sizes: its choice of chunk. With less it
   * takes smaller chunks, down to a row and a few words; so the bytes for fewer rows than there are
   * bound how many rows' logits are alive at once.
   */
  long workspaceBytes(long rows, long vocabulary, long channels, DType dtype);

  /**
   * Losses, and where asked the gradients of {@code gradScale · Σ gradLosses·losses}, in one pass.
   *
   * @param losses (N) fp32, written; 0 for ignored rows
   * @param gradHidden (N, C) hidden's dtype, written, or null; rows of ignored targets become 0
   * @param gradWeight (V, C) fp32, written, or null
   * @param gradLosses (N) fp32 weights of the rows, or null for all ones
   * @param hidden (N, C) fp32, bf16 or fp16
   * @param weight (V, C) fp32, bf16 or fp16, or quantised blocks, which allow no gradWeight
   * @param targets (N) I32 or I64: 0…V−1 or −100
   * @param gradScale multiplies every gradient
   * @param softcap logits become softcap·tanh(logits/softcap); 0 for none
   * @param lowRank a pair beside the head, or null
   * @throws IllegalArgumentException for a target outside the vocabulary
   */
  void forward(
      Operand losses,
      @Nullable Operand gradHidden,
      @Nullable Operand gradWeight,
      @Nullable Operand gradLosses,
      Operand hidden,
      Matrix weight,
      Operand targets,
      float gradScale,
      float softcap,
      @Nullable LowRank lowRank,
      NativeBuffer workspace);
}
