package dev.nacelle.layer;

import dev.nacelle.function.GatedProduct;
import dev.nacelle.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/** down(f(gate(x)) · up(x)), (T, C) to (T, C). */
public record GatedMlp(GateUp inputs, GatedProduct unit, Linear down) {
  /** The linear layers, in the order of Hugging Face's module. */
  public List<Linear> linears() {
    return Stream.concat(inputs.linears().stream(), Stream.of(down)).toList();
  }

  /**
   * @param again whether gate and up are computed again in backward instead of kept
   */
  Tensor apply(Pass pass, Tensor x, boolean again) {
    GateUp.Two two = inputs.apply(pass, x, again);
    return down.apply(pass, pass.tape().apply(unit, two.gate(), two.up()));
  }
}
