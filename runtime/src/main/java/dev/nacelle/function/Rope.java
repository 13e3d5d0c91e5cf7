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
 */
public record Rope(
    Tensor positions, Tensor inverseFrequencies, long heads, boolean interleaved, float scale)
    implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
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
    context.saveExact(positions);
    context.saveExact(inverseFrequencies);
    return x.alias();
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0)) {
      return;
    }
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
            context.saved(0).operand(1, gradOutput.size(0)),
            context.saved(1).operand(),
            interleaved,
            scale);
    gradients.give(0, gradX);
  }

  private long[] asHeads(Tensor x) {
    return new long[] {1, x.size(0), heads, x.size(1) / heads};
  }
}
