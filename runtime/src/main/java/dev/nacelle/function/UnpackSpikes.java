package dev.nacelle.function;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * Bits (…, ⌈N/32⌉) I32 as spikes (…, N) fp32, 0 and 1. The gradient of bits is that of the spikes
 * and passes through. Keeps nothing.
 *
 * @param neurons N
 */
public record UnpackSpikes(long neurons) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor bits = inputs[0];
    long[] shape = bits.shape();
    shape[shape.length - 1] = neurons;
    Tensor spikes = context.output(DType.FP32, shape);
    context.kernels().spikePack().unpack(spikes.operand(), bits.operand());
    return spikes;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (gradients.wants(0)) {
      gradients.give(0, gradOutput);
    }
  }
}
