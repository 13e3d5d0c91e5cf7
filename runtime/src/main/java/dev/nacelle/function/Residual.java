package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * x + scale · branch, written into the branch's memory, whose maker must not have saved it.
 * Backward hands one gradient to both, or a scaled copy to the branch.
 *
 * @param isRecomputable whether a function that saves the sum has it added again in backward: of a
 *     branch that is itself made again, and of x, which is kept or made again
 */
public record Residual(float scale, boolean isRecomputable) implements Function {
  /** The plain sum. */
  public Residual() {
    this(1f);
  }

  /** Kept by whoever saves it. */
  public Residual(float scale) {
    this(scale, false);
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    if (isRecomputable) {
      context.save(inputs[0]);
      context.save(inputs[1]);
    }
    addTo(context, inputs[1], inputs[0]);
    return inputs[1].alias();
  }

  private void addTo(Context context, Tensor branch, Tensor x) {
    if (scale != 1f) {
      context.kernels().elementwise().scale(branch.operand(), scale);
    }
    context.kernels().elementwise().add(branch.operand(), x.operand(), 1f);
  }

  @Override
  public Tensor recompute(Context context) {
    Tensor x = context.saved(0);
    Tensor branch = context.saved(1);
    Tensor sum;
    if (context.mayOverwrite(1)) {
      sum = branch.alias();
    } else {
      sum = context.output(branch.dtype(), branch.shape());
      context.kernels().elementwise().convert(sum.operand(), branch.operand());
    }
    addTo(context, sum, x);
    return sum;
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
