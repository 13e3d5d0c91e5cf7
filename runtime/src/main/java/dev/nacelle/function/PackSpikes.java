package dev.nacelle.function;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * Spikes (…, N) as bits (…, ⌈N/32⌉) I32. The gradient of bits is that of the spikes, floats (…, N),
 * and passes through. Keeps nothing.
 */
public record PackSpikes() implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor spikes = inputs[0];
    long[] words = spikes.shape();
    words[words.length - 1] = (spikes.size(-1) + 31) / 32;
    Tensor bits = context.output(DType.I32, words);
    context.kernels().spikePack().pack(bits.operand(), spikes.operand());
    return bits;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (gradients.wants(0)) {
      gradients.give(0, gradOutput);
    }
  }
}
