package dev.nacelle.kernels;

import org.jspecify.annotations.Nullable;

/**
 * What a layer of spiking neurons is, apart from its state. Equations: {@link SpikingNeuron}.
 *
 * @param leak the time constant τ, or, where {@code learned}, the parameter w with 1/τ = sigmoid(w)
 * @param learned whether {@code leak} is w (plif)
 * @param decayInput whether the input is scaled by 1/τ as the leak is
 * @param vThreshold the threshold, without adaptation
 * @param vReset where a spike puts the membrane; null for the soft reset, which subtracts the
 *     threshold
 * @param rho how much of the adaptation stays from step to step
 * @param beta what the adaptation adds to the threshold; 0 for none
 * @param detachReset cuts the spike out of the reset's gradient
 * @param surrogate the derivative that a spike has
 * @param alpha the surrogate's sharpness
 * @param tieFires whether a membrane exactly at the threshold fires
 */
public record NeuronOptions(
    float leak,
    boolean learned,
    boolean decayInput,
    float vThreshold,
    @Nullable Float vReset,
    float rho,
    float beta,
    boolean detachReset,
    Surrogate surrogate,
    float alpha,
    boolean tieFires) {

  /** SpikingJelly's LIF node with the arc tangent: τ 2, threshold 1, hard reset to 0. */
  public static final NeuronOptions LIF =
      new NeuronOptions(2, false, true, 1, 0f, 0, 0, false, Surrogate.ATAN, 2, true);

  /** Whether the threshold adapts. */
  public boolean isAdaptive() {
    return beta != 0 || rho != 0;
  }

  /** Where the membrane rests: v_reset, or 0 with the soft reset. */
  public float rest() {
    Float reset = vReset;
    return reset == null ? 0 : reset;
  }

  /** 1/τ. */
  public float inverseTau() {
    return learned ? (float) (1 / (1 + Math.exp(-leak))) : 1 / leak;
  }
}
