package dev.nacelle.spiking;

import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A state that lasts from step to step. On the tape that made it, it is that tape's own tensor, and
 * gradients flow through it; on any other it is a constant.
 */
final class HeldState {
  private @Nullable Tape maker;
  private @Nullable Tensor onTape;
  private @Nullable Tensor kept;
  private long[] inputShape = new long[0];

  /**
   * The state for an input of this shape; null at rest.
   *
   * @throws IllegalArgumentException where the state belongs to another shape
   */
  @Nullable Tensor get(Tape tape, long[] shape) {
    Tensor state = maker == tape ? onTape : kept;
    if (state != null && !Arrays.equals(shape, inputShape)) {
      throw new IllegalArgumentException(
          "the state belongs to inputs of "
              + Arrays.toString(inputShape)
              + ", given "
              + Arrays.toString(shape)
              + ": reset it first");
    }
    return state;
  }

  void set(Tape tape, Tensor state, long[] shape) {
    Tensor alias = state.alias();
    clear();
    maker = tape;
    onTape = state;
    kept = alias;
    inputShape = shape.clone();
  }

  void clear() {
    if (kept != null) {
      kept.release();
    }
    kept = null;
    onTape = null;
    maker = null;
  }
}
