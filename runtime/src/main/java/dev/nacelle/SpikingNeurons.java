package dev.nacelle;

import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Surrogate;
import dev.nacelle.spiking.SpikingBuilder;
import org.jspecify.annotations.Nullable;

/**
 * What the neurons of one layer are: immutable, checked when it is built. With charge, threshold,
 * reset and adaptation
 *
 * <pre>
 *   h_t = v_{t−1} + (x_t − (v_{t−1} − v_r))/τ    or, decayInput off, v_{t−1} − (v_{t−1} − v_r)/τ + x_t
 *   θ_t = threshold + β·b_{t−1}                  s_t = [h_t ≥ θ_t]
 *   v_t = v_r where s_t, else h_t                or, soft reset, h_t − s_t·θ_t
 *   b_t = ρ·b_{t−1} + (1 − ρ)·s_t
 * </pre>
 *
 * {@link #falif} is our own realisation of FA-SNN, of which an abstract is published.
 */
public final class SpikingNeurons {
  private final NeuronOptions options;
  private final SpikingBuilder.Trained trained;
  private final int modes;

  private SpikingNeurons(NeuronOptions options, SpikingBuilder.Trained trained, int modes) {
    this.options = options;
    this.trained = trained;
    this.modes = modes;
  }

  /** Leaky integrate-and-fire. */
  public static Builder lif() {
    return new Builder(false, false, 0);
  }

  /** The same with a time constant that trains, one for the layer; {@code optTau} is its start. */
  public static Builder plif() {
    return new Builder(true, false, 0);
  }

  /** A threshold that rises with every spike and falls back; ρ and β train. */
  public static Builder alif() {
    return new Builder(false, true, 0);
  }

  /**
   * {@link #alif} behind a filter over time with a complex gain for each mode and neuron, which
   * trains. Such a layer needs whole sequences: it cannot be stepped.
   *
   * @param modes how many of the lowest frequencies stay, at least 1 and at most T/2 + 1
   */
  public static Builder falif(int modes) {
    if (modes < 1) {
      throw NacelleException.usage("a filter of " + modes + " modes", "keep at least one");
    }
    return new Builder(false, true, modes);
  }

  void addTo(SpikingBuilder builder, boolean bits) {
    builder.neurons(options, trained, modes, bits);
  }

  int modes() {
    return modes;
  }

  /** Collects options; each has a default, SpikingJelly's, with the arc tangent as surrogate. */
  public static final class Builder {
    private final boolean learned;
    private final boolean adaptive;
    private final int modes;
    private double tau = 2;
    private double threshold = 1;
    private boolean trainThreshold;
    private @Nullable Float reset = 0f;
    private boolean decayInput = true;
    private boolean detachReset;
    private SurrogateGradient surrogate = SurrogateGradient.ATAN;
    private double alpha = 2;
    private double rho = 0.9;
    private double beta = 0.1;

    private Builder(boolean learned, boolean adaptive, int modes) {
      this.learned = learned;
      this.adaptive = adaptive;
      this.modes = modes;
    }

    /** τ in steps, above 1; 2. */
    public Builder optTau(double steps) {
      tau = steps;
      return this;
    }

    /** The threshold, above 0; 1. */
    public Builder optThreshold(double value) {
      threshold = value;
      return this;
    }

    /** Whether the threshold trains, one for the layer; not with {@link #plif}. Off. */
    public Builder optTrainThreshold(boolean on) {
      trainThreshold = on;
      return this;
    }

    /** A spike puts the membrane there; 0. */
    public Builder optHardReset(double value) {
      reset = (float) value;
      return this;
    }

    /** A spike subtracts the threshold from the membrane. */
    public Builder optSoftReset() {
      reset = null;
      return this;
    }

    /** Whether the input is scaled by 1/τ as the leak is; on. */
    public Builder optDecayInput(boolean on) {
      decayInput = on;
      return this;
    }

    /** Whether no gradient goes through the reset; off. */
    public Builder optDetachReset(boolean on) {
      detachReset = on;
      return this;
    }

    /** The derivative of a spike; the arc tangent with α 2. */
    public Builder optSurrogate(SurrogateGradient kind, double sharpness) {
      surrogate = kind;
      alpha = sharpness;
      return this;
    }

    /** Where ρ, in (0, 1), and β, above 0, begin; 0.9 and 0.1. For adaptive neurons alone. */
    public Builder optAdaptation(double stay, double strength) {
      if (!adaptive) {
        throw NacelleException.usage("these neurons do not adapt", "begin with alif or falif");
      }
      rho = stay;
      beta = strength;
      return this;
    }

    /**
     * The description.
     *
     * @throws NacelleException of kind USAGE for an option out of its range
     */
    public SpikingNeurons build() {
      hold("tau", tau, tau > 1, "above 1");
      hold("threshold", threshold, threshold > 0, "above 0");
      hold("surrogate's sharpness", alpha, alpha > 0, "above 0");
      hold("rho", rho, rho > 0 && rho < 1, "between 0 and 1");
      hold("beta", beta, beta > 0, "above 0");
      if (reset != null) {
        hold("reset", reset, true, "finite");
      }
      if (learned && trainThreshold) {
        throw NacelleException.usage(
            "time constant and threshold cannot both train", "choose plif or optTrainThreshold");
      }
      return new SpikingNeurons(
          new NeuronOptions(
              (float) (learned ? -Math.log(tau - 1) : tau),
              learned,
              decayInput,
              (float) threshold,
              reset,
              adaptive ? (float) rho : 0,
              adaptive ? (float) beta : 0,
              detachReset,
              Surrogate.valueOf(surrogate.name()),
              (float) alpha,
              true),
          new SpikingBuilder.Trained(trainThreshold, adaptive),
          modes);
    }

    private static void hold(String what, double value, boolean inRange, String range) {
      if (!inRange || !Double.isFinite(value)) {
        throw NacelleException.usage(what + " " + value, "choose a value " + range);
      }
    }
  }
}
