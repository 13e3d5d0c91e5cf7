package dev.nacelle.layer;

import dev.nacelle.function.Columns;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;

/** Where a block's queries, keys and values come from: (T, C) to (T, H·D), (T, K·D), (T, K·D). */
public sealed interface QueryKeyValue {
  /** The linear layers, in the order of Hugging Face's module. */
  List<Linear> linears();

  /** The three, in the frame of the caller. */
  Three apply(Pass pass, Tensor x);

  /** Queries, keys and values. */
  record Three(Tensor query, Tensor key, Tensor value) {}

  /** A layer for each. */
  record Apart(Linear query, Linear key, Linear value) implements QueryKeyValue {
    @Override
    public List<Linear> linears() {
      return List.of(query, key, value);
    }

    @Override
    public Three apply(Pass pass, Tensor x) {
      return new Three(query.apply(pass, x), key.apply(pass, x), value.apply(pass, x));
    }
  }

  /**
   * One layer whose columns are all queries, then all keys, then all values.
   *
   * @param queryWidth H·D
   * @param keyWidth K·D
   */
  record Fused(Linear all, long queryWidth, long keyWidth) implements QueryKeyValue {
    @Override
    public List<Linear> linears() {
      return List.of(all);
    }

    @Override
    public Three apply(Pass pass, Tensor x) {
      Tape tape = pass.tape();
      Tensor row = all.apply(pass, x);
      boolean again = tape.makesAgain(row);
      Three three =
          new Three(
              tape.apply(new Columns(0, queryWidth, again), row),
              tape.apply(new Columns(queryWidth, keyWidth, again), row),
              tape.apply(new Columns(queryWidth + keyWidth, keyWidth, again), row));
      tape.discard(row);
      return three;
    }
  }
}
