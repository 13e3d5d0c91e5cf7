package dev.nacelle.layer;

import dev.nacelle.function.Rope;
import dev.nacelle.memory.Strategy;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What all layers of one forward pass share.
 *
 * @param strategy what of it is kept for backward, and how
 * @param positions (T) I32, each row's place in its sample
 * @param global rotary positions of most blocks
 * @param local those of blocks with a window, where a model has two kinds; null otherwise
 * @param masks which rows a row sees
 * @param training whether dropout drops
 * @param tokenOffset number of the pass's first token in the run, for dropout's counters
 * @param cache keys and values of the rows before, while generating; null otherwise
 */
public record Pass(
    Tape tape,
    Strategy strategy,
    Tensor positions,
    Rotary global,
    @Nullable Rotary local,
    Masks masks,
    boolean training,
    long tokenOffset,
    @Nullable KeyValueCache cache) {

  /**
   * The rotation of that kind for so many heads; null where there is none.
   *
   * @param again whether it is turned again in backward, of an x that is made again
   */
  @Nullable Rope rope(Positions kind, long heads, boolean again) {
    Rotary rotary =
        switch (kind) {
          case NONE -> null;
          case GLOBAL -> global;
          case LOCAL -> Objects.requireNonNull(local, "the model has one kind of positions");
        };
    return rotary == null
        ? null
        : new Rope(positions, rotary.inverseFrequencies(), heads, false, rotary.scale(), again);
  }
}
