package dev.nacelle.layer;

import dev.nacelle.function.Residual;
import dev.nacelle.function.RmsNorm;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/**
 * One block of a Llama: x + attention(norm(x)), then that plus mlp(norm(that)); (T, C) to (T, C).
 * What stays for backward is the residual twice, q, k, v, the mixed values, gate and up: T·(4C + 2K
 * + 2M) elements, and the small (T, R) products of the adapters.
 */
public record DecoderBlock(
    RmsNorm inputNorm, SelfAttention attention, RmsNorm outputNorm, GatedMlp mlp) {
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
        Tensor branch = attention.apply(pass, tape.apply(inputNorm, x));
        middle = half.result(tape.apply(new Residual(), x, branch));
      }
      Tensor branch = mlp.apply(pass, tape.apply(outputNorm, middle), mlpAgain);
      return block.result(tape.apply(new Residual(), middle, branch));
    }
  }
}
