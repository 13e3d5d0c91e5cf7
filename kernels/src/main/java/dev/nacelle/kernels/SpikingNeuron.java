package dev.nacelle.kernels;

import org.jspecify.annotations.Nullable;

/**
 * Spiking neurons over time, x (T, …): leaky integrate-and-fire, with a learned time constant, with
 * an adaptive threshold, and that behind a filter over time. For each neuron
 *
 * <pre>
 *   h_t = v_{t−1} + (x_t − (v_{t−1} − v_r))/τ    or   v_{t−1} − (v_{t−1} − v_r)/τ + x_t
 *   θ_t = v_threshold + β·b_{t−1}                     s_t = [h_t ≥ θ_t]
 *   v_t = (1 − s_t)·h_t + s_t·v_r                or   h_t − s_t·θ_t, and v_r = 0 above
 *   b_t = ρ·b_{t−1} + (1 − ρ)·s_t
 * </pre>
 *
 * State is fp32 whatever the storage type. Backward repeats the forward from x and the initial
 * state; nothing else is saved.
 */
public interface SpikingNeuron {
  /**
   * What goes in.
   *
   * @param x (T, …, N) fp32, bf16 or fp16
   * @param v0 (…, N) the first membrane; null for v_reset, or 0 with the soft reset
   * @param b0 (…, N) the first adaptation; null for 0
   * @param gainRe (M, N) fp32, real part of the filter over time in front of the neurons, M ≤ T/2 +
   *     1; null for none, and then {@code gainIm} too
   * @param gainIm (M, N) fp32, its imaginary part
   */
  record Inputs(
      Operand x,
      @Nullable Operand v0,
      @Nullable Operand b0,
      @Nullable Operand gainRe,
      @Nullable Operand gainIm) {}

  /**
   * What comes out.
   *
   * @param spikes (T, …, N) of x's type, or I32 (T, …, ⌈N/32⌉): 32 neurons a word, lowest bit first
   * @param v (…, N) fp32, the membrane after the last step
   * @param b (…, N) fp32, the adaptation after the last step; null where nobody asks
   * @param vSequence (T, …, N) fp32, the membrane after every step; null where nobody asks
   */
  record Outputs(Operand spikes, Operand v, @Nullable Operand b, @Nullable Operand vSequence) {}

  /** Gradients of the outputs; null for zeros. {@code spikes} has x's shape, also for bits. */
  record Given(
      @Nullable Operand spikes,
      @Nullable Operand v,
      @Nullable Operand b,
      @Nullable Operand vSequence) {}

  /**
   * Gradients of the inputs; null where nobody asks.
   *
   * @param x of x's shape and type
   * @param v0 (…, N) fp32
   * @param b0 (…, N) fp32
   * @param gainRe (M, N) fp32
   * @param gainIm (M, N) fp32
   */
  record Wanted(
      Operand x,
      @Nullable Operand v0,
      @Nullable Operand b0,
      @Nullable Operand gainRe,
      @Nullable Operand gainIm) {}

  /**
   * Gradients of the parameters that all neurons share.
   *
   * @param leak of w, where the time constant is learned, else 0
   */
  record ParameterGradients(double vThreshold, double beta, double rho, double leak) {}

  void forward(Outputs outputs, Inputs inputs, NeuronOptions options);

  /**
   * Writes the gradients that are wanted.
   *
   * @param parameters whether the shared parameters' gradients are wanted; else they are 0
   */
  ParameterGradients backward(
      Wanted wanted, Given given, Inputs inputs, NeuronOptions options, boolean parameters);
}
