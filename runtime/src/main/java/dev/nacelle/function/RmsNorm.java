package dev.nacelle.function;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;

/**
 * y = x · rstd · (offset + weight) over the last dimension, weight frozen. Keeps x and one rstd a
 * row; the output is made again during backward, so that no linear behind it keeps a copy.
 *
 * @param weight (C)
 * @param offset 0, or 1 where the weight says how far a channel is from one
 */
public record RmsNorm(Tensor weight, float eps, int offset) implements Function {
  /** With the weight as it stands. */
  public RmsNorm(Tensor weight, float eps) {
    this(weight, eps, 0);
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor y = context.output(x.dtype(), x.shape());
    Tensor rstd = context.output(DType.FP32, Arrays.copyOf(x.shape(), x.rank() - 1));
    context
        .kernels()
        .rmsNorm()
        .forward(y.operand(), rstd.operand(), x.operand(), weight.operand(), eps, offset);
    context.save(x);
    context.saveExact(rstd);
    rstd.release();
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0)) {
      return;
    }
    Tensor x = context.saved(0);
    Gradients.Slot slot = gradients.slot(0);
    context
        .kernels()
        .rmsNorm()
        .backward(
            slot.gradient().operand(),
            null,
            gradOutput.operand(),
            x.operand(),
            weight.operand(),
            context.saved(1).operand(),
            offset,
            !slot.fresh());
  }

  @Override
  public boolean isRecomputable() {
    return true;
  }

  @Override
  public Tensor recompute(Context context) {
    Tensor x = context.saved(0);
    Tensor y = context.output(x.dtype(), x.shape());
    context
        .kernels()
        .rmsNorm()
        .forward(
            y.operand(), context.saved(1).operand(), x.operand(), weight.operand(), eps, offset);
    return y;
  }
}
