package dev.nacelle.adapter;

import dev.nacelle.function.Dropout;
import dev.nacelle.tape.Parameter;

/**
 * What LoRA adds to one linear layer: scale · (drop(x)·Aᵀ)·Bᵀ.
 *
 * @param modulePath the layer in Hugging Face's words, {@code model.layers.0.self_attn.q_proj}
 * @param a (R, in) fp32
 * @param b (out, R) fp32
 * @param scale alpha / R
 * @param dropout share of the input that is dropped before A while training
 * @param seed of this module's dropout masks
 */
public record LowRankPair(
    String modulePath, Parameter a, Parameter b, float scale, float dropout, long seed) {
  public long rank() {
    return a.value().size(0);
  }

  /**
   * The dropout of a pass whose first token is number {@code tokenOffset} of the run.
   *
   * @param training whether anything is dropped at all
   */
  public Dropout dropout(boolean training, long tokenOffset) {
    return training && dropout > 0
        ? new Dropout(dropout, seed, tokenOffset * a.value().size(1))
        : Dropout.NONE;
  }
}
