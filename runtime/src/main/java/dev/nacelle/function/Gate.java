package dev.nacelle.function;

import dev.nacelle.kernels.GatedUnit;
import dev.nacelle.kernels.KernelSet;

/** What a gated feed-forward does to its gate. */
public enum Gate {
  /** x · σ(x). */
  SILU,
  /** GELU in its tanh form. */
  GELU_TANH;

  GatedUnit kernel(KernelSet kernels) {
    return this == SILU ? kernels.swiGlu() : kernels.geGlu();
  }
}
