package dev.nacelle.layer;

import dev.nacelle.tensor.Tensor;

/**
 * Rotary positions of one pass.
 *
 * @param inverseFrequencies (D/2) fp32
 * @param scale multiplies cosine and sine
 */
public record Rotary(Tensor inverseFrequencies, float scale) {}
