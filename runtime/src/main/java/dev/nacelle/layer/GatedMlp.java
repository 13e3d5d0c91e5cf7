package dev.nacelle.layer;

import dev.nacelle.function.SwiGlu;
import dev.nacelle.tensor.Tensor;
import java.util.List;

/** down(silu(gate(x)) · up(x)), (T, C) to (T, C). */
public record GatedMlp(Linear gate, Linear up, Linear down) {
  /** The three linear layers, in the order of Hugging Face's module. */
  public List<Linear> linears() {
    return List.of(gate, up, down);
  }

  /**
   * @param again whether gate and up are computed again in backward instead of kept
   */
  Tensor apply(Pass pass, Tensor x, boolean again) {
    Tensor product =
        pass.tape().apply(new SwiGlu(), gate.apply(pass, x, again), up.apply(pass, x, again));
    return down.apply(pass, product);
  }
}
