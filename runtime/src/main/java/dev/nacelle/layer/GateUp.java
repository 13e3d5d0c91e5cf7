package dev.nacelle.layer;

import dev.nacelle.function.Columns;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;

/** Where a feed-forward's gate and its other factor come from: (T, C) to twice (T, M). */
public sealed interface GateUp {
  /** The linear layers, in the order of Hugging Face's module. */
  List<Linear> linears();

  /**
   * Gate and up, in the frame of the caller.
   *
   * @param again whether they are computed again in backward instead of kept
   */
  Two apply(Pass pass, Tensor x, boolean again);

  /** Gate and up. */
  record Two(Tensor gate, Tensor up) {}

  /** A layer for each. */
  record Apart(Linear gate, Linear up) implements GateUp {
    @Override
    public List<Linear> linears() {
      return List.of(gate, up);
    }

    @Override
    public Two apply(Pass pass, Tensor x, boolean again) {
      return new Two(gate.apply(pass, x, again), up.apply(pass, x, again));
    }
  }

  /**
   * One layer whose columns are the gate's, then up's.
   *
   * @param width M
   */
  record Fused(Linear both, long width) implements GateUp {
    @Override
    public List<Linear> linears() {
      return List.of(both);
    }

    @Override
    public Two apply(Pass pass, Tensor x, boolean again) {
      Tape tape = pass.tape();
      Tensor row = both.apply(pass, x, again);
      boolean sliced = again || tape.makesAgain(row);
      Two two =
          new Two(
              tape.apply(new Columns(0, width, sliced), row),
              tape.apply(new Columns(width, width, sliced), row));
      tape.discard(row);
      return two;
    }
  }
}
