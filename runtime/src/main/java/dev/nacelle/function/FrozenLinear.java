package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;

/**
 * y = x·Wᵀ with W frozen, plain or quantised: x (T, K), W (M, K). Nothing is kept; backward is
 * gradX = g·W alone.
 */
public record FrozenLinear(Weight weight) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    return product(context, inputs[0], weight);
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (gradients.wants(0)) {
      gradInput(context, gradients.slot(0), gradOutput, weight);
    }
  }

  static Tensor product(Context context, Tensor x, Weight weight) {
    Tensor y = context.output(x.dtype(), x.size(0), weight.size(0));
    context.kernels().weightProducts().forward(y.operand(), x.operand(), weight.matrix());
    return y;
  }

  static void gradInput(Context context, Gradients.Slot gradX, Tensor g, Weight weight) {
    context
        .kernels()
        .weightProducts()
        .backward(gradX.gradient().operand(), g.operand(), weight.matrix(), gradX.beta());
  }
}
