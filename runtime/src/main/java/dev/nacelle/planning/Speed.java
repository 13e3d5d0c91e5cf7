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

  /** Causal attention, forward and backward together. */
  AttentionSpeed attention();

  /** An adapter's products. */
  LowRankSpeed lowRank();

  /** Seconds a logit of the loss, beside the head's products. */
  double logit();

  /** Bytes a second of what moves more than it multiplies. */
  ByteRates bytes();

  /**
   * A step's seconds over the sum of its parts': caches and clocks are shared by all of them, and
   * between two kernels Java keeps its books and threads meet.
   */
  double whole();
}
