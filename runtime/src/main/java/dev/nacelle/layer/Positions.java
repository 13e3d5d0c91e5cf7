package dev.nacelle.layer;

/** How a block's attention knows where a token stands. */
public enum Positions {
  /** Not at all, but for what the mask hides. */
  NONE,
  /** By the model's rotary frequencies. */
  GLOBAL,
  /** By the other frequencies that a model has for its blocks with a window. */
  LOCAL
}
