package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * y = f(gate) · up. Keeps gate and up; the product is made again during backward. The gradients are
 * written over gate and up themselves where nobody else holds them: their values are not needed any
 * more by then.
 */
public record GatedProduct(Gate f) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    context.save(inputs[0]);
    context.save(inputs[1]);
    return product(context, inputs[0], inputs[1]);
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    Tensor gate = context.saved(0);
    Tensor up = context.saved(1);
    Tensor gradGate = target(context, 0, gate);
    Tensor gradUp = target(context, 1, up);
    f.kernel(context.kernels())
        .backward(
            gradGate.operand(),
            gradUp.operand(),
            gradOutput.operand(),
            gate.operand(),
            up.operand());
    if (gradients.wants(0)) {
      gradients.give(0, gradGate);
    }
    if (gradients.wants(1)) {
      gradients.give(1, gradUp);
    }
  }

  private static Tensor target(Context context, int n, Tensor saved) {
    return context.mayOverwrite(n) ? saved : context.scratch(saved.dtype(), saved.shape());
  }

  @Override
  public boolean isRecomputable() {
    return true;
  }

  @Override
  public Tensor recompute(Context context) {
    return product(context, context.saved(0), context.saved(1));
  }

  private Tensor product(Context context, Tensor gate, Tensor up) {
    Tensor y = context.output(gate.dtype(), gate.shape());
    f.kernel(context.kernels()).forward(y.operand(), gate.operand(), up.operand());
    return y;
  }
}
