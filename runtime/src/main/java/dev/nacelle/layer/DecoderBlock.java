package dev.nacelle.layer;

import dev.nacelle.function.Residual;
import dev.nacelle.function.RmsNorm;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One block of a decoder: x + after(attention(before(x))), then that plus the same of the
 * feed-forward; (T, C) to (T, C). Of a Llama's what stays for backward is the residual twice, q, k,
 * v, the mixed values, gate and up: T·(4C + 2K + 2M) elements, and the small (T, R) products of the
 * adapters. A norm behind a half keeps that half's output too.
 */
public record DecoderBlock(
    Around aroundAttention, SelfAttention attention, Around aroundMlp, GatedMlp mlp) {
  /**
   * Of so many blocks in a row one keeps its sum: sums that are added again are all there at once
   * for a while, from the kept one on.
   */
  private static final int ADDED_AGAIN = 5;

  /**
   * What stands around a half of the block.
   *
   * @param before norm of its input; null for none
   * @param after norm of its output; null for none
   * @param scale multiplies what is added to the residual
   */
  public record Around(@Nullable RmsNorm before, @Nullable RmsNorm after, float scale) {
    private Tensor in(Tape tape, Tensor x) {
      return before == null ? x : tape.apply(before, x);
    }

    /**
     * @param may whether the sum may be one that is added again in backward, where the branch is
     *     made again anyway
     */
    private Tensor out(Tape tape, Tensor x, Tensor branch, boolean may) {
      boolean again = may && tape.makesAgain(branch);
      Tensor normed = after == null ? branch : tape.apply(after, branch);
      return tape.apply(new Residual(scale, again), x, normed);
    }
  }

  /** The block's linear layers, in the order of Hugging Face's module. */
  public List<Linear> linears() {
    return Stream.concat(attention.linears().stream(), mlp.linears().stream()).toList();
  }

  /**
   * The block's output, in the frame of the caller.
   *
   * @param recompute what is not kept for backward but computed again there
   */
  public Tensor apply(Pass pass, Tensor x, Recompute recompute) {
    return recompute == Recompute.BLOCK
        ? pass.tape().segment(x, in -> whole(pass, in, false))
        : whole(pass, x, recompute == Recompute.MLP);
  }

  private Tensor whole(Pass pass, Tensor x, boolean mlpAgain) {
    Tape tape = pass.tape();
    try (Tape.Frame block = tape.frame()) {
      Tensor middle;
      try (Tape.Frame half = tape.frame()) {
        Tensor branch = attention.apply(pass, aroundAttention.in(tape, x));
        middle = half.result(aroundAttention.out(tape, x, branch, true));
      }
      Tensor branch = mlp.apply(pass, aroundMlp.in(tape, middle), mlpAgain);
      boolean may = attention.layer() % ADDED_AGAIN != ADDED_AGAIN - 1;
      return block.result(aroundMlp.out(tape, middle, branch, may));
    }
  }
}
