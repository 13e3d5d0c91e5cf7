package dev.nacelle.function;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * y = spikes·Wᵀ + bias on spikes that lie as bits: (…, ⌈N/32⌉) I32, W (M, N) → y (…, M) fp32. Keeps
 * the bits, 1/32 of what floats would take. Backward gives the spikes' gradient as floats (…, N).
 *
 * @param bias (M), or null
 */
public record SpikeDense(Parameter weight, @Nullable Parameter bias) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor bits = inputs[0];
    Tensor y = context.output(DType.FP32, with(bits, weight.value().size(0)));
    context
        .kernels()
        .spikeLinear()
        .forward(
            y.operand(),
            bits.operand(),
            weight.value().operand(),
            bias == null ? null : bias.value().operand());
    context.save(bits);
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    Tensor bits = context.saved(0);
    boolean wanted = gradients.wants(0);
    Tensor gradSpikes =
        wanted ? context.scratch(DType.FP32, with(bits, weight.value().size(1))) : null;
    Share w = Share.of(context, gradients.slot(weight));
    Share b = bias == null ? null : Share.of(context, gradients.slot(bias));
    context
        .kernels()
        .spikeLinear()
        .backward(
            gradSpikes == null ? null : gradSpikes.operand(),
            w.written().operand(),
            b == null ? null : b.written().operand(),
            gradOutput.operand(),
            bits.operand(),
            weight.value().operand());
    w.finish(context);
    if (b != null) {
      b.finish(context);
    }
    if (gradSpikes != null) {
      gradients.give(0, gradSpikes);
    }
  }

  private static long[] with(Tensor bits, long last) {
    long[] shape = bits.shape();
    shape[shape.length - 1] = last;
    return shape;
  }
}
