package dev.nacelle.function;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.kernels.SpikingNeuron.ParameterGradients;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A layer of spiking neurons over a whole sequence: x (T, …, N) → spikes of x's shape, or (T, …,
 * ⌈N/32⌉) words of I32. Equations: {@link SpikingNeuron}. Keeps x, or its recipe, and repeats the
 * forward during backward. The state at the end is written, not differentiated; {@link NeuronStep}
 * is the form whose state has a gradient.
 *
 * @param neurons what the neurons are
 * @param gains the filter over time in front of them, or null
 * @param begin the state before the first step, read; null for the state at rest
 * @param end the state after the last step, written; null where nobody asks
 * @param bits whether the spikes lie 32 to a word
 */
public record NeuronSequence(
    NeuronParameters neurons,
    @Nullable Gains gains,
    @Nullable State begin,
    @Nullable State end,
    boolean bits)
    implements Function {
  private static final int WORD = 32;

  /**
   * A complex gain for each mode and neuron.
   *
   * @param re (M, N)
   * @param im (M, N)
   */
  public record Gains(Parameter re, Parameter im) {}

  /**
   * A layer's state.
   *
   * @param v the membrane (…, N), fp32
   * @param b the adaptation (…, N), fp32, or null for neurons without
   */
  public record State(Tensor v, @Nullable Tensor b) {}

  /** Whether anything of the layer trains. */
  public boolean trains() {
    return gains != null || neurons.trains();
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor spikes = context.output(bits ? DType.I32 : x.dtype(), spikes(x));
    long[] state = Arrays.copyOfRange(x.shape(), 1, x.rank());
    State to = end;
    Tensor v = to == null ? context.scratch(DType.FP32, state) : to.v();
    Tensor b = to == null ? null : to.b();
    context
        .kernels()
        .spikingNeuron()
        .forward(
            new SpikingNeuron.Outputs(spikes.operand(), v.operand(), operand(b), null),
            inputs(x),
            neurons.options());
    context.save(x);
    State from = begin;
    if (from != null) {
      // Kept beyond the next call, which lets go of the state that it begins from.
      context.save(from.v());
      if (from.b() != null) {
        context.save(from.b());
      }
    }
    return spikes;
  }

  private long[] spikes(Tensor x) {
    long[] shape = x.shape();
    if (bits) {
      shape[shape.length - 1] = (x.size(-1) + WORD - 1) / WORD;
    }
    return shape;
  }

  private SpikingNeuron.Inputs inputs(Tensor x) {
    return new SpikingNeuron.Inputs(
        x.operand(),
        begin == null ? null : begin.v().operand(),
        begin == null ? null : operand(begin.b()),
        gains == null ? null : gains.re().value().operand(),
        gains == null ? null : gains.im().value().operand());
  }

  private static @Nullable Operand operand(@Nullable Tensor tensor) {
    return tensor == null ? null : tensor.operand();
  }

  /**
   * @param gradOutput of x's shape, also for bits
   */
  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0) && !trains()) {
      return;
    }
    Tensor x = context.saved(0);
    Share toX = gradients.wants(0) ? Share.of(context, gradients.slot(0)) : null;
    Tensor gradX = toX == null ? context.scratch(x.dtype(), x.shape()) : toX.written();
    Share re = gains == null ? null : Share.of(context, gradients.slot(gains.re()));
    Share im = gains == null ? null : Share.of(context, gradients.slot(gains.im()));
    ParameterGradients found =
        context
            .kernels()
            .spikingNeuron()
            .backward(
                new SpikingNeuron.Wanted(gradX.operand(), null, null, written(re), written(im)),
                new SpikingNeuron.Given(gradOutput.operand(x.shape()), null, null, null),
                inputs(x),
                neurons.options(),
                neurons.trains());
    neurons.add(gradients, found);
    for (Share share : new Share[] {toX, re, im}) {
      if (share != null) {
        share.finish(context);
      }
    }
  }

  private static @Nullable Operand written(@Nullable Share share) {
    return share == null ? null : share.written().operand();
  }
}
