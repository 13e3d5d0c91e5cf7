package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * x + scale · branch, written into the branch's memory, whose maker must not have saved it.
 * Backward hands one gradient to both, or a scaled copy to the branch.
 */
public record Residual(float scale) implements Function {
  /** The plain sum. */
  public Residual() {
    this(1f);
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    if (scale != 1f) {
      context.kernels().elementwise().scale(inputs[1].operand(), scale);
    }
    context.kernels().elementwise().add(inputs[1].operand(), inputs[0].operand(), 1f);
    return inputs[1].alias();
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (gradients.wants(0)) {
      gradients.give(0, gradOutput);
    }
    if (gradients.wants(1)) {
      gradients.give(1, scale == 1f ? gradOutput : scaled(context, gradOutput));
    }
  }

  private Tensor scaled(Context context, Tensor gradOutput) {
    Tensor share = context.scratch(gradOutput.dtype(), gradOutput.shape());
    context.kernels().elementwise().convert(share.operand(), gradOutput.operand());
    context.kernels().elementwise().scale(share.operand(), scale);
    return share;
  }
}
