package dev.nacelle.layer;

import dev.nacelle.adapter.LowRankPair;
import dev.nacelle.function.Bias;
import dev.nacelle.function.FrozenLinear;
import dev.nacelle.function.LoraLinear;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import org.jspecify.annotations.Nullable;

/** A frozen linear layer (T, in) to (T, out), with a low-rank pair beside it where one is set. */
public final class Linear {
  private final String path;
  private final Weight weight;
  private final @Nullable Tensor bias;
  private @Nullable LowRankPair pair;

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

  public @Nullable LowRankPair pair() {
    return pair;
  }

  /** Sets or, with null, removes the adapter. */
  public void adapt(@Nullable LowRankPair newPair) {
    pair = newPair;
  }

  /** The layer's output, of x's type. */
  public Tensor apply(Pass pass, Tensor x) {
    Tape tape = pass.tape();
    LowRankPair p = pair;
    Tensor y =
        p == null
            ? tape.apply(new FrozenLinear(weight), x)
            : tape.apply(
                new LoraLinear(
                    weight,
                    p.a(),
                    p.b(),
                    p.scale(),
                    p.dropout(pass.training(), pass.tokenOffset())),
                true,
                x);
    return bias == null ? y : tape.apply(new Bias(bias), y);
  }
}
