package dev.nacelle.layer;

import dev.nacelle.function.RmsNorm;

/**
 * Norms on queries and keys before their rotation.
 *
 * @param query weight (D) for each head alike, or (H·D) for the whole width
 * @param key weight (D) or (K·D)
 */
public record HeadNorms(RmsNorm query, RmsNorm key) {}
