package dev.nacelle.kernels.operator;

/**
 * One pass of an operator to be timed.
 *
 * @param variant what else tells it from others of its pass, a block format say; empty for none
 * @param pass {@code forward}, {@code backward} or {@code forward+backward}
 * @param bytes read plus written by an ideal execution
 * @param flops of an ideal execution
 * @param shareOf the limit that the pass is held against
 * @param workspace bytes that the caller lends the work beside its tensors
 */
public record Measurement(
    String variant,
    String pass,
    long bytes,
    long flops,
    Limit shareOf,
    long workspace,
    Runnable work) {
  /** Without a workspace. */
  public Measurement(
      String variant, String pass, long bytes, long flops, Limit shareOf, Runnable work) {
    this(variant, pass, bytes, flops, shareOf, 0, work);
  }

  /** The only measurement of its pass. */
  public Measurement(String pass, long bytes, long flops, Limit shareOf, Runnable work) {
    this("", pass, bytes, flops, shareOf, work);
  }

  /** The same with a workspace. */
  public Measurement lent(long bytesOfWorkspace) {
    return new Measurement(variant, pass, bytes, flops, shareOf, bytesOfWorkspace, work);
  }

  /** What bounds an operator. */
  public enum Limit {
    /** The bandwidth of a plain copy. */
    COPY("copy"),
    /** The rate of a large matrix product. */
    GEMM("gemm");

    private final String label;

    Limit(String label) {
      this.label = label;
    }

    public String label() {
      return label;
    }
  }
}
