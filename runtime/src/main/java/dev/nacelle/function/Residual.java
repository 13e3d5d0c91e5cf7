package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * x + branch, written into the branch's memory, whose maker must not have saved it. Backward hands
 * one gradient to both.
 */
public record Residual() implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    context.kernels().elementwise().add(inputs[1].operand(), inputs[0].operand(), 1f);
    return inputs[1].alias();
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    for (int i = 0; i < 2; i++) {
      if (gradients.wants(i)) {
        gradients.give(i, gradOutput);
      }
    }
  }
}
