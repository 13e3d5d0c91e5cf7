package dev.nacelle.kernels;

import java.util.List;

/** The 2-norm over all gradients, and the scaling that brings it down to a bound. */
public interface ClipGradNorm {
  /** √Σg² over all operands, in a fixed order; fp32, bf16 or fp16. */
  double norm(List<Operand> gradients);

  /**
   * Norm, then every gradient times min(1, maxNorm / (norm + 1e-6)), as torch's clip_grad_norm_.
   *
   * @param maxNorm above 0
   * @return the norm before clipping
   */
  double clip(List<Operand> gradients, double maxNorm);
}
