package dev.nacelle.kernels;

/**
 * Leaky integration over time, a readout without spikes: v_t = v_{t−1} + (x_t − v_{t−1})/τ, or
 * v_{t−1} − v_{t−1}/τ + x_t, from v = 0.
 */
public interface LeakyIntegrate {
  /**
   * @param v (T, …) fp32, every step, written
   * @param x (T, …) fp32, bf16 or fp16
   */
  void forward(Operand v, Operand x, float tau, boolean decayInput);

  /**
   * @param gradX (T, …) fp32, bf16 or fp16, written
   * @param gradV (T, …) fp32, any strides
   */
  void backward(Operand gradX, Operand gradV, float tau, boolean decayInput);
}
