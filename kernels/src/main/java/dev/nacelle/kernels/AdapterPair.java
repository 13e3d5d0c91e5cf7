package dev.nacelle.kernels;

/**
 * The low-rank path beside a frozen matrix (M, K): scale · (drop(x)·aᵀ)·bᵀ.
 *
 * @param a (R, K) fp32, bf16 or fp16, contiguous
 * @param b (M, R), or with several heads (E, M, R); fp32, bf16 or fp16, contiguous
 * @param dropout of x before a; nowhere else
 */
public record AdapterPair(Operand a, Operand b, float scale, Dropout dropout) {
  /**
   * Which elements of x are zeroed, the rest being multiplied by 1/(1 − p): a function of seed and
   * offset + the element's number alone, so that nothing is stored.
   *
   * @param p at least 0, below 1; 0 keeps all
   */
  public record Dropout(float p, long seed, long offset) {
    public static final Dropout NONE = new Dropout(0, 0, 0);

    /**
     * @throws IllegalArgumentException if p is out of range
     */
    public Dropout {
      if (!(p >= 0 && p < 1)) {
        throw new IllegalArgumentException("p must be at least 0 and below 1, given " + p);
      }
    }

    public boolean isActive() {
      return p > 0;
    }
  }

  /** Size of the bottleneck. */
  public long rank() {
    return a.size(0);
  }

  /** Rows of the frozen matrix. */
  public long outputs() {
    return b.size(-2);
  }
}
