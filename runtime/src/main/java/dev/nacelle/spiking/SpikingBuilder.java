package dev.nacelle.spiking;

import dev.nacelle.adapter.AdapterInit;
import dev.nacelle.function.NeuronParameters;
import dev.nacelle.function.NeuronSequence;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes a network layer by layer. Weights and biases begin uniform in ±1/√inputs, as torch's linear
 * layers, from a counter and the layer's own seed: the same whatever the other layers are.
 */
public final class SpikingBuilder {
  private final Engine engine;
  private final long seed;
  private final List<SpikingLayer> layers = new ArrayList<>();
  private final List<Tensor> made = new ArrayList<>();
  private long width;

  /**
   * @param inputs N of the network's input
   */
  public SpikingBuilder(Engine engine, long inputs, long seed) {
    this.engine = engine;
    this.seed = seed;
    this.width = inputs;
  }

  /**
   * What of a layer of neurons trains.
   *
   * @param threshold the threshold
   * @param adaptation ρ and β
   */
  public record Trained(boolean threshold, boolean adaptation) {}

  /** A dense layer. */
  public void dense(long outputs) {
    String name = name();
    Parameter weight =
        parameter(name + ".weight", uniform(name + ".weight", outputs), outputs, width);
    Parameter bias = parameter(name + ".bias", bias(name + ".bias", outputs), outputs);
    layers.add(new DenseLayer(name, weight, bias));
    width = outputs;
  }

  /**
   * A layer of neurons.
   *
   * @param options values to begin with; a learned leak trains
   * @param modes of the filter over time, 0 for none; gains begin at 1: the input without its
   *     higher modes
   * @param bits whether sequences of spikes lie 32 to a word, for the dense layer behind
   */
  public void neurons(NeuronOptions options, Trained trained, long modes, boolean bits) {
    String name = name();
    NeuronParameters parameters =
        new NeuronParameters(
            options,
            options.learned() ? scalar(name + ".w", options.leak()) : null,
            trained.adaptation()
                ? scalar(name + ".rho", NeuronParameters.inverseSigmoid(options.rho()))
                : null,
            trained.adaptation()
                ? scalar(name + ".beta", NeuronParameters.inverseSoftplus(options.beta()))
                : null,
            trained.threshold()
                ? scalar(
                    name + ".v_threshold", NeuronParameters.inverseSoftplus(options.vThreshold()))
                : null);
    layers.add(new NeuronLayer(name, width, parameters, gains(name, modes), bits));
  }

  private NeuronSequence.@Nullable Gains gains(String name, long modes) {
    if (modes == 0) {
      return null;
    }
    float[] ones = new float[Math.toIntExact(modes * width)];
    Arrays.fill(ones, 1f);
    return new NeuronSequence.Gains(
        parameter(name + ".gain_re", ones, modes, width),
        parameter(name + ".gain_im", new float[ones.length], modes, width));
  }

  /** A leaky integrator. */
  public void integrator(float tau, boolean decayInput) {
    layers.add(new IntegratorLayer(name(), width, tau, decayInput));
  }

  private String name() {
    return Integer.toString(layers.size());
  }

  private Parameter scalar(String name, float value) {
    return parameter(name, new float[] {value}, 1);
  }

  /** (rows, width) uniform in ±1/√width. */
  private float[] uniform(String name, long rows) {
    return AdapterInit.uniformA(rows, width, AdapterInit.moduleSeed(seed, name));
  }

  /** (outputs) uniform in ±1/√width: the first column of as many rows. */
  private float[] bias(String name, long outputs) {
    float[] rows = uniform(name, outputs);
    float[] values = new float[Math.toIntExact(outputs)];
    for (int i = 0; i < values.length; i++) {
      values[i] = rows[i * Math.toIntExact(width)];
    }
    return values;
  }

  private Parameter parameter(String name, float[] values, long... shape) {
    Tensor value = engine.allocator().of(LedgerClass.PARAMETERS, values, shape);
    made.add(value);
    return new Parameter(name, value);
  }

  /** The network. */
  public SpikingModel build() {
    return new SpikingModel(layers);
  }

  /** Gives back what was made, where no network came of it. */
  public void abandon() {
    made.forEach(Tensor::release);
    made.clear();
  }
}
