package dev.nacelle.planning;

/** How fast a machine multiplies, attends and copies. */
public interface Speed {
  /**
   * Flop/s of a product with a frozen matrix.
   *
   * @param form of the weight: {@code fp32}, {@code bf16}, {@code fp16}, {@code q4_1} …
   * @param forward whether x·Wᵀ, else gradY·W
   * @param rows of the weight
   * @param columns of the weight
   */
  double product(String form, boolean forward, long rows, long columns);

  /** Flop/s of causal attention, forward and backward together, 7 a square of length and width. */
  double attention();

  /** Bytes read plus written a second by a copy that no cache holds. */
  double copy();
}
