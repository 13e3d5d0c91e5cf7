package dev.nacelle.function;

import dev.nacelle.kernels.Operand;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * Some columns of x (T, N), copied: (T, width). Nothing else reads x, and its readers together read
 * each column once: the gradient of columns is written, not added, and each reader writes its own.
 *
 * @param from first column
 * @param isRecomputable whether a function that saves the copy keeps x's recipe instead
 */
public record Columns(long from, long width, boolean isRecomputable) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    if (isRecomputable) {
      context.save(inputs[0]);
    }
    return copy(context, inputs[0]);
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0)) {
      return;
    }
    Operand gradX = gradients.slot(0).gradient().operand();
    context.kernels().elementwise().convert(columns(gradX), gradOutput.operand());
  }

  @Override
  public Tensor recompute(Context context) {
    return copy(context, context.saved(0));
  }

  private Tensor copy(Context context, Tensor x) {
    Tensor y = context.output(x.dtype(), x.size(0), width);
    context.kernels().elementwise().convert(y.operand(), columns(x.operand()));
    return y;
  }

  private Operand columns(Operand x) {
    return Operand.view(
        x.buffer(),
        x.byteOffset() + from * x.dtype().bytes(),
        x.dtype(),
        new long[] {x.size(0), width},
        x.strides());
  }
}
