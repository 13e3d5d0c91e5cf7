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

  Tensor apply(Pass pass, Tensor x) {
    Tensor product = pass.tape().apply(new SwiGlu(), gate.apply(pass, x), up.apply(pass, x));
    return down.apply(pass, product);
  }
}
