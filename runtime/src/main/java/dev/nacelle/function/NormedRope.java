package dev.nacelle.function;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Queries or keys (T, H·D) under a norm and then a rotation, in one step: only x stays for
 * backward, and attention, which asks for the result, has it made again.
 *
 * @param norm over as many elements as its weight has: D for each head, or H·D for all together
 * @param rope null where the block turns nothing
 */
public record NormedRope(RmsNorm norm, @Nullable Rope rope) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor y = context.output(x.dtype(), x.shape());
    Tensor rstd = context.output(DType.FP32, x.elements() / norm.weight().size(0));
    compute(context, y, rstd, x);
    context.save(x);
    context.saveExact(rstd);
    if (rope != null) {
      context.saveExact(rope.positions());
      context.saveExact(rope.inverseFrequencies());
    }
    rstd.release();
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0)) {
      return;
    }
    Tensor gradNormed = rope == null ? gradOutput : rope.turnBack(context, 2, gradOutput);
    Tensor x = context.saved(0);
    Gradients.Slot slot = gradients.slot(0);
    context
        .kernels()
        .rmsNorm()
        .backward(
            slot.gradient().operand(rows(x)),
            null,
            gradNormed.operand(rows(x)),
            x.operand(rows(x)),
            norm.weight().operand(),
            context.saved(1).operand(),
            norm.offset(),
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
    compute(context, y, context.saved(1), x);
    return y;
  }

  private void compute(Context context, Tensor y, Tensor rstd, Tensor x) {
    context
        .kernels()
        .rmsNorm()
        .forward(
            y.operand(rows(x)),
            rstd.operand(),
            x.operand(rows(x)),
            norm.weight().operand(),
            norm.eps(),
            norm.offset());
    if (rope != null) {
      rope.turn(context, y);
    }
  }

  /** As many rows as there are norms. */
  private long[] rows(Tensor x) {
    long width = norm.weight().size(0);
    return new long[] {x.elements() / width, width};
  }
}
