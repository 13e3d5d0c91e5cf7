package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * Adds a frozen bias (M) to every row of (T, M), in the input's memory, whose maker must not have
 * saved it; the gradient passes through.
 */
public record Bias(Tensor bias) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    context.kernels().elementwise().addBias(inputs[0].operand(), bias.operand());
    return inputs[0].alias();
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (gradients.wants(0)) {
      gradients.give(0, gradOutput);
    }
  }
}
