package dev.nacelle.spiking;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/** y = a + b, for adding up what steps give. */
record Plus() implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor y = context.output(inputs[0].dtype(), inputs[0].shape());
    context.kernels().elementwise().convert(y.operand(), inputs[0].operand());
    context.kernels().elementwise().add(y.operand(), inputs[1].operand(), 1f);
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    for (int i = 0; i < 2; i++) {
      if (gradients.wants(i)) {
        gradients.give(i, gradOutput);
      }
    }
  }

  /** y = factor · x. */
  record Share(float factor) implements Function {
    @Override
    public Tensor forward(Context context, Tensor... inputs) {
      Tensor y = context.output(inputs[0].dtype(), inputs[0].shape());
      context.kernels().elementwise().convert(y.operand(), inputs[0].operand());
      context.kernels().elementwise().scale(y.operand(), factor);
      return y;
    }

    @Override
    public void backward(Context context, Tensor gradOutput, Gradients gradients) {
      if (gradients.wants(0)) {
        Tensor g = context.scratch(gradOutput.dtype(), gradOutput.shape());
        context.kernels().elementwise().convert(g.operand(), gradOutput.operand());
        context.kernels().elementwise().scale(g.operand(), factor);
        gradients.give(0, g);
      }
    }
  }
}
