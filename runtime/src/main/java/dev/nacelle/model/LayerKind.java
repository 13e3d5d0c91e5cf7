package dev.nacelle.model;

import dev.nacelle.layer.Positions;

/**
 * What may differ from block to block.
 *
 * @param window how many tokens a token sees, itself among them; 0 for all before it
 * @param positions how attention knows where they stand
 */
public record LayerKind(int window, Positions positions) {
  static final LayerKind PLAIN = new LayerKind(0, Positions.GLOBAL);
}
