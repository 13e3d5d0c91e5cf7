package dev.nacelle.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What of a model's arithmetic its files say beyond sizes and rotary positions.
 *
 * @param layers one entry a block
 * @param localTheta base of the rotary frequencies of blocks with local positions; 0 where there
 *     are none
 * @param attentionScale multiplies q·k
 * @param attentionCap bounds the scaled scores; 0 for none
 * @param embeddingScale multiplies the rows of the token table
 * @param residualScale multiplies what a half of a block adds
 * @param logitDivisor divides the logits
 * @param logitCap bounds the logits; 0 for none
 */
public record Traits(
    List<LayerKind> layers,
    double localTheta,
    double attentionScale,
    double attentionCap,
    double embeddingScale,
    double residualScale,
    double logitDivisor,
    double logitCap) {

  public Traits {
    layers = List.copyOf(layers);
  }

  /** A Llama's. */
  static Traits plain(int layers, int headDim) {
    return new Traits(
        Collections.nCopies(layers, LayerKind.PLAIN), 0, 1 / Math.sqrt(headDim), 0, 1, 1, 1, 0);
  }

  /** The same with as many blocks as asked for: the first ones, or all of them over again. */
  Traits withLayers(int count) {
    List<LayerKind> kinds = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      kinds.add(layers.get(i % layers.size()));
    }
    return with(kinds);
  }

  Traits with(List<LayerKind> kinds) {
    return new Traits(
        kinds,
        localTheta,
        attentionScale,
        attentionCap,
        embeddingScale,
        residualScale,
        logitDivisor,
        logitCap);
  }

  Traits withLocalTheta(double theta) {
    return new Traits(
        layers,
        theta,
        attentionScale,
        attentionCap,
        embeddingScale,
        residualScale,
        logitDivisor,
        logitCap);
  }

  Traits withAttention(double scale, double cap) {
    return new Traits(
        layers, localTheta, scale, cap, embeddingScale, residualScale, logitDivisor, logitCap);
  }

  Traits withStream(double embedding, double residual) {
    return new Traits(
        layers,
        localTheta,
        attentionScale,
        attentionCap,
        embedding,
        residual,
        logitDivisor,
        logitCap);
  }

  Traits withLogits(double divisor, double cap) {
    return new Traits(
        layers,
        localTheta,
        attentionScale,
        attentionCap,
        embeddingScale,
        residualScale,
        divisor,
        cap);
  }
}
