package dev.nacelle.planning;

/** How fast a machine multiplies, attends and moves bytes. */
public interface Speed {
  /**
   * Seconds of a product with a frozen matrix.
   *
   * @param form of the weight: {@code fp32}, {@code bf16}, {@code fp16}, {@code q4_1} …
   * @param forward whether x·Wᵀ, else gradY·W
   * @param rows of the weight
   * @param columns of the weight
   * @param tokens of all passes together
   * @param passes that each read, widen and pack the weight anew
   */
  double product(
      String form, boolean forward, long rows, long columns, double tokens, double passes);

  /** Flop/s of causal attention, forward and backward together, 7 a square of length and width. */
  double attention();

  /** Bytes a second of what moves more than it multiplies. */
  ByteRates bytes();
}
