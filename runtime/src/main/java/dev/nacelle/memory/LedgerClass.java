package dev.nacelle.memory;

/** What a tensor is for: the rows of every memory report. */
public enum LedgerClass {
  /** Frozen weights and adapters. */
  PARAMETERS("parameters"),
  /** Gradients of adapters. */
  GRADIENTS("gradients"),
  /** Moments of the optimiser. */
  OPTIMIZER("optimizer"),
  /** What forward leaves for backward, and gradients on their way. */
  ACTIVATIONS("activations"),
  /** Scratch that lives for one call. */
  WORKSPACE("workspace");

  private final String label;

  LedgerClass(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }
}
