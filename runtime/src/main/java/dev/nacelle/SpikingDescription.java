package dev.nacelle;

import dev.nacelle.spiking.SpikingBuilder;
import dev.nacelle.spiking.SpikingModel;
import dev.nacelle.tape.Engine;
import java.util.ArrayList;
import java.util.List;

/**
 * The layers of a spiking network, from the input on: immutable, checked when it is built. What the
 * last layer gives is averaged over time into scores, one a class.
 */
public final class SpikingDescription {
  private sealed interface Layer {
    record Dense(int outputs) implements Layer {}

    record Neurons(SpikingNeurons neurons) implements Layer {}

    record Integrator(double tau, boolean decayInput) implements Layer {}
  }

  private final int inputs;
  private final int steps;
  private final long seed;
  private final boolean bits;
  private final List<Layer> layers;

  private SpikingDescription(Builder b) {
    inputs = b.inputs;
    steps = b.steps;
    seed = b.seed;
    bits = b.bits;
    layers = List.copyOf(b.layers);
  }

  /** Begins a description. */
  public static Builder builder() {
    return new Builder();
  }

  /** Numbers a sample has at one step. */
  public int inputs() {
    return inputs;
  }

  /** Time steps for which an input without time of its own is shown. */
  public int steps() {
    return steps;
  }

  SpikingModel make(Engine engine) {
    SpikingBuilder builder = new SpikingBuilder(engine, inputs, seed);
    try {
      for (int i = 0; i < layers.size(); i++) {
        boolean denseBehind = i + 1 < layers.size() && layers.get(i + 1) instanceof Layer.Dense;
        switch (layers.get(i)) {
          case Layer.Dense dense -> builder.dense(dense.outputs);
          case Layer.Neurons n -> n.neurons.addTo(builder, bits && denseBehind);
          case Layer.Integrator i2 -> builder.integrator((float) i2.tau, i2.decayInput);
        }
      }
      return builder.build();
    } catch (RuntimeException e) {
      builder.abandon();
      throw e;
    }
  }

  /** Collects layers: {@code set} ones are needed, {@code opt} ones have a default. */
  public static final class Builder {
    private final List<Layer> layers = new ArrayList<>();
    private int inputs;
    private int steps;
    private long seed;
    private boolean bits;

    private Builder() {}

    /** Numbers a sample has at one step, N of (B, N). */
    public Builder setInputs(int count) {
      inputs = count;
      return this;
    }

    /** Time steps T for which an input without time of its own is shown. */
    public Builder setSteps(int count) {
      steps = count;
      return this;
    }

    /** y = x·Wᵀ + bias, begun uniform in ±1/√inputs. */
    public Builder addDense(int outputs) {
      if (outputs < 1) {
        throw NacelleException.usage("a dense layer of " + outputs + " outputs", "give it some");
      }
      layers.add(new Layer.Dense(outputs));
      return this;
    }

    /** As many neurons as the layer before has outputs. */
    public Builder addNeurons(SpikingNeurons neurons) {
      layers.add(new Layer.Neurons(neurons));
      return this;
    }

    /**
     * A leaky integrator without spikes, to read out.
     *
     * @param tau in steps, at least 1
     * @param decayInput whether the input is scaled by 1/τ as the leak is
     */
    public Builder addIntegrator(double tau, boolean decayInput) {
      if (!(tau >= 1) || !Double.isFinite(tau)) {
        throw NacelleException.usage("an integrator with tau " + tau, "choose at least 1");
      }
      layers.add(new Layer.Integrator(tau, decayInput));
      return this;
    }

    /** Where the weights begin; 0. The same seed gives the same weights. */
    public Builder optSeed(long value) {
      seed = value;
      return this;
    }

    /**
     * Whether spikes between neurons and a dense layer lie 32 to a word: 1/32 of their memory, and
     * silent words are skipped; off, which is faster where many neurons fire.
     */
    public Builder optSpikeBits(boolean on) {
      bits = on;
      return this;
    }

    /**
     * The description.
     *
     * @throws NacelleException of kind USAGE where something is missing or impossible
     */
    public SpikingDescription build() {
      if (inputs < 1 || steps < 1) {
        throw NacelleException.usage(
            "a spiking network of " + inputs + " inputs and " + steps + " steps",
            "call setInputs and setSteps with at least 1");
      }
      if (layers.isEmpty()) {
        throw NacelleException.usage("a spiking network without layers", "add some");
      }
      for (Layer layer : layers) {
        if (layer instanceof Layer.Neurons n && n.neurons.modes() > steps / 2 + 1) {
          throw NacelleException.usage(
              "a filter of " + n.neurons.modes() + " modes over " + steps + " steps",
              "keep at most " + (steps / 2 + 1));
        }
      }
      return new SpikingDescription(this);
    }
  }
}
