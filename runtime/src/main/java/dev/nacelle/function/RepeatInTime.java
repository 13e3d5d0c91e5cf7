package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * The same input at every step: x (…) → y (T, …). What comes before needs to be worked out once
 * only. The output is made again during backward, so that a layer behind it keeps x alone.
 *
 * @param steps T, at least 1
 */
public record RepeatInTime(long steps) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    context.save(inputs[0]);
    return repeated(context, inputs[0]);
  }

  private Tensor repeated(Context context, Tensor x) {
    long[] shape = new long[x.rank() + 1];
    shape[0] = steps;
    System.arraycopy(x.shape(), 0, shape, 1, x.rank());
    Tensor y = context.output(x.dtype(), shape);
    Time.repeat(context, y, x.operand());
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0)) {
      return;
    }
    Gradients.Slot slot = gradients.slot(0);
    Time.sum(context, slot.gradient(), gradOutput, slot.fresh());
  }

  @Override
  public boolean isRecomputable() {
    return true;
  }

  @Override
  public Tensor recompute(Context context) {
    return repeated(context, context.saved(0));
  }
}
