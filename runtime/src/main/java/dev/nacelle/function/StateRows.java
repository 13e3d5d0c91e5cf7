package dev.nacelle.function;

import dev.nacelle.kernels.Operand;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;

/**
 * Rows {@code from} to {@code to} of the first dimension, copied: (S, …) → (to − from, …), or (…)
 * where {@code single}. Backward adds to those rows of the gradient.
 */
public record StateRows(long from, long to, boolean single) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Operand rows = x.operand().rows(from, to);
    long[] shape = single ? Arrays.copyOfRange(x.shape(), 1, x.rank()) : rows.shape();
    Tensor y = context.output(x.dtype(), shape);
    context.kernels().elementwise().convert(y.operand(rows.shape()), rows);
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0)) {
      return;
    }
    Gradients.Slot slot = gradients.slot(0);
    if (slot.fresh()) {
      slot.gradient().storage().buffer().zero();
    }
    Operand rows = slot.gradient().operand().rows(from, to);
    context.kernels().elementwise().add(rows, gradOutput.operand(rows.shape()), 1f);
  }
}
