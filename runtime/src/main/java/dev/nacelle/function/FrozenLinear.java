package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/** y = x·Wᵀ with W frozen: x (T, K), W (M, K). Nothing is kept; backward is gradX = g·W alone. */
public record FrozenLinear(Tensor weight) implements Function {
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

  static Tensor product(Context context, Tensor x, Tensor weight) {
    Tensor y = context.output(x.dtype(), x.size(0), weight.size(0));
    context
        .kernels()
        .products()
        .multiply(y.operand(), x.operand(), false, weight.operand(), true, 1f, 0f);
    return y;
  }

  static void gradInput(Context context, Gradients.Slot gradX, Tensor g, Tensor weight) {
    context
        .kernels()
        .products()
        .multiply(
            gradX.gradient().operand(),
            g.operand(),
            false,
            weight.operand(),
            false,
            1f,
            gradX.beta());
  }
}
