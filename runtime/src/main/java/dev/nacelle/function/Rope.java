package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * Rotary position embedding of (T, H·D), in place: the output lies in the input's memory, whose
 * maker must not have saved it. Backward turns the gradient back, in place where nobody shares it.
 *
 * @param positions (T) I32
 * @param inverseFrequencies (D/2) fp32
 * @param scale multiplies cosine and sine, YaRN's attention factor; 1 otherwise
 * @param isRecomputable whether a function that saves the output has it turned again in backward:
 *     of an input that is itself made again
 */
public record Rope(
    Tensor positions,
    Tensor inverseFrequencies,
    long heads,
    boolean interleaved,
    float scale,
    boolean isRecomputable)
    implements Function {
  private static final int X = 2;

  /** Kept by whoever saves it. */
  public Rope(
      Tensor positions, Tensor inverseFrequencies, long heads, boolean interleaved, float scale) {
    this(positions, inverseFrequencies, heads, interleaved, scale, false);
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    context.saveExact(positions);
    context.saveExact(inverseFrequencies);
    if (isRecomputable) {
      context.save(inputs[0]);
    }
    turn(context, inputs[0]);
    return inputs[0].alias();
  }

  @Override
  public Tensor recompute(Context context) {
    Tensor x = context.saved(X);
    Tensor y;
    if (context.mayOverwrite(X)) {
      y = x.alias();
    } else {
      y = context.output(x.dtype(), x.shape());
      context.kernels().elementwise().convert(y.operand(), x.operand());
    }
    turn(context, y);
    return y;
  }

  /** Turns x where it lies. */
  void turn(Context context, Tensor x) {
    long[] asHeads = asHeads(x);
    context
        .kernels()
        .rope()
        .forward(
            x.operand(asHeads),
            x.operand(asHeads),
            positions.operand(1, x.size(0)),
            inverseFrequencies.operand(),
            interleaved,
            scale);
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (gradients.wants(0)) {
      gradients.give(0, turnBack(context, 0, gradOutput));
    }
  }

  /**
   * The gradient before the rotation, in place where nobody shares its memory.
   *
   * @param saved number of the saved positions, behind which the frequencies are
   */
  Tensor turnBack(Context context, int saved, Tensor gradOutput) {
    long[] asHeads = asHeads(gradOutput);
    Tensor gradX =
        gradOutput.storage().isShared()
            ? context.scratch(gradOutput.dtype(), gradOutput.shape())
            : gradOutput;
    context
        .kernels()
        .rope()
        .backward(
            gradX.operand(asHeads),
            gradOutput.operand(asHeads),
            context.saved(saved).operand(1, gradOutput.size(0)),
            context.saved(saved + 1).operand(),
            interleaved,
            scale);
    return gradX;
  }

  private long[] asHeads(Tensor x) {
    return new long[] {1, x.size(0), heads, x.size(1) / heads};
  }
}
