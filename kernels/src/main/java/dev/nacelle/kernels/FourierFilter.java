package dev.nacelle.kernels;

import org.jspecify.annotations.Nullable;

/**
 * A filter over time with one complex gain for each mode and neuron: y = irfft(G ⊙ rfft(x), T),
 * modes from M on dropped, M ≤ T/2 + 1. x (T, …, N); gains (M, N). The imaginary parts of the first
 * mode and, T even, of the mode T/2 have no say, as in every inverse of a real transform.
 *
 * <p>Our own realisation: FA-SNN is published as an abstract only.
 */
public interface FourierFilter {
  /**
   * @param y (T, …, N), x's dtype, written
   * @param x (T, …, N) fp32, bf16 or fp16
   * @param gainRe (M, N) real parts
   * @param gainIm (M, N) imaginary parts
   */
  void forward(Operand y, Operand x, Operand gainRe, Operand gainIm);

  /**
   * @param gradX (T, …, N), x's dtype, written
   * @param gradRe (M, N) fp32, written, or null where the gains are frozen
   * @param gradIm (M, N) fp32, given with {@code gradRe}
   * @param gradY (T, …, N), x's dtype, any strides
   */
  void backward(
      Operand gradX,
      @Nullable Operand gradRe,
      @Nullable Operand gradIm,
      Operand gradY,
      Operand x,
      Operand gainRe,
      Operand gainIm);
}
