package dev.nacelle.layer;

import dev.nacelle.adapter.LayerAdapter;
import dev.nacelle.function.FrozenLinear;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import org.jspecify.annotations.Nullable;

/** A frozen linear layer (T, in) to (T, out), with an adapter beside it where one is set. */
public final class Linear {
  private final String path;
  private final Weight weight;
  private final @Nullable Tensor bias;
  private @Nullable LayerAdapter adapter;

  /**
   * @param path the layer in Hugging Face's words, without {@code .weight}
   * @param weight (out, in)
   * @param bias (out), or null
   */
  public Linear(String path, Weight weight, @Nullable Tensor bias) {
    this.path = path;
    this.weight = weight;
    this.bias = bias;
  }

  public String path() {
    return path;
  }

  public Weight weight() {
    return weight;
  }

  public @Nullable LayerAdapter adapter() {
    return adapter;
  }

  /** Sets or, with null, removes the adapter. */
  public void adapt(@Nullable LayerAdapter other) {
    adapter = other;
  }

  /** The layer's output, of x's type. */
  public Tensor apply(Pass pass, Tensor x) {
    return apply(pass, x, false);
  }

  /**
   * @param again whether whoever saves the output has it multiplied again in backward instead
   */
  Tensor apply(Pass pass, Tensor x, boolean again) {
    Tape tape = pass.tape();
    FrozenLinear base = new FrozenLinear(weight, bias, again);
    return adapter == null
        ? tape.apply(base, x)
        : tape.apply(adapter.beside(base, pass.training(), pass.tokenOffset()), true, x);
  }
}
