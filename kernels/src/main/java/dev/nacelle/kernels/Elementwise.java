package dev.nacelle.kernels;

/** The small things around the operators: copies, sums, look-ups, masks. Any compute dtype. */
public interface Elementwise {
  /** y = x, converted to y's type; both may be strided. */
  void convert(Operand y, Operand x);

  /** y = y + factor · x; one shape, contiguous; types may differ. */
  void add(Operand y, Operand x, float factor);

  /** y = factor · y. */
  void scale(Operand y, float factor);

  /** Adds bias (N) to every row of y (M, N). */
  void addBias(Operand y, Operand bias);

  /** Row i of y (N, C) = row ids[i] of table (V, C), converted to y's type; ids (N) I32 or I64. */
  void gatherRows(Operand y, Operand table, Operand ids);

  /**
   * Counter-based dropout: y = keep ? x / (1 − p) : 0, where element i's mask depends on (seed,
   * offset + i) alone, whatever the thread count or instruction set. y may be x.
   *
   * @param accumulate adds to y instead of writing it
   */
  void dropout(Operand y, Operand x, float p, long seed, long offset, boolean accumulate);
}
