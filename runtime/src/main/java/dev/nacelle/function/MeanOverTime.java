package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;

/** y (…) = Σ over t of x (T, …), added in order, times 1/T. Keeps nothing. */
public record MeanOverTime(long steps) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    if (x.size(0) != steps) {
      throw new IllegalArgumentException(x + " has not " + steps + " steps");
    }
    Tensor y = context.output(x.dtype(), Arrays.copyOfRange(x.shape(), 1, x.rank()));
    Time.sum(context, y, x, true);
    context.kernels().elementwise().scale(y.operand(), 1f / steps);
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0)) {
      return;
    }
    Gradients.Slot slot = gradients.slot(0);
    Tensor all = slot.gradient();
    if (slot.fresh()) {
      Time.repeat(context, all, gradOutput.operand());
      context.kernels().elementwise().scale(all.operand(), 1f / steps);
    } else {
      var rows = all.operand(steps, gradOutput.elements());
      var g = gradOutput.operand(1, gradOutput.elements());
      for (long t = 0; t < steps; t++) {
        context.kernels().elementwise().add(rows.rows(t, t + 1), g, 1f / steps);
      }
    }
  }
}
