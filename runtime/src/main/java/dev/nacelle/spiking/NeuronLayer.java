package dev.nacelle.spiking;

import dev.nacelle.function.NeuronParameters;
import dev.nacelle.function.NeuronSequence;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A layer of spiking neurons: lif, plif, alif, or, with a filter over time in front, fa_lif, which
 * is our own realisation of FA-SNN, published as an abstract only. (T, B, N) → spikes.
 */
public final class NeuronLayer implements SpikingLayer {
  private final String name;
  private final long neurons;
  private final NeuronParameters parameters;
  private final NeuronSequence.@Nullable Gains gains;
  private final boolean bits;
  private final Stepper stepper;

  /**
   * @param neurons N
   * @param gains the filter over time, (M, N) each, or null
   * @param bits whether a sequence's spikes lie 32 to a word: for a dense layer behind, which then
   *     skips silent words
   */
  public NeuronLayer(
      String name,
      long neurons,
      NeuronParameters parameters,
      NeuronSequence.@Nullable Gains gains,
      boolean bits) {
    this.name = name;
    this.neurons = neurons;
    this.parameters = parameters;
    this.gains = gains;
    this.bits = bits;
    boolean adaptive =
        parameters.fixed().isAdaptive() || parameters.rho() != null || parameters.beta() != null;
    stepper = new Stepper(parameters, adaptive);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long outputs() {
    return neurons;
  }

  /** Whether a sequence's spikes are bits. */
  public boolean givesBits() {
    return bits;
  }

  @Override
  public Tensor sequence(Tape tape, Tensor x) {
    NeuronSequence function = new NeuronSequence(parameters, gains, null, null, bits);
    return tape.apply(function, function.trains(), x);
  }

  @Override
  public Tensor step(Tape tape, Tensor x) {
    if (gains != null) {
      throw new IllegalStateException(
          "layer " + name + " filters over time: it needs the whole sequence");
    }
    return stepper.step(tape, x).spikes();
  }

  @Override
  public void reset() {
    stepper.reset();
  }

  @Override
  public List<Parameter> parameters() {
    List<Parameter> all = new ArrayList<>(parameters.all());
    if (gains != null) {
      all.add(gains.re());
      all.add(gains.im());
    }
    return all;
  }

  @Override
  public void close() {
    reset();
    for (Parameter p : parameters()) {
      p.releaseGradient();
      p.value().release();
    }
  }
}
