package dev.nacelle.kernels;

import dev.nacelle.nativeaccess.DType;

/** What every implementation of {@link Elementwise} asks of its arguments. */
public final class ElementwiseChecks {
  private ElementwiseChecks() {}

  public static void convert(Operand y, Operand x) {
    Checks.compute("y", y);
    Checks.compute("x", x);
    Checks.shape("y", y, x.shape());
  }

  public static void add(Operand y, Operand x) {
    convert(y, x);
    Checks.contiguous("y", y);
    Checks.contiguous("x", x);
  }

  public static void scale(Operand y) {
    Checks.compute("y", y);
    Checks.contiguous("y", y);
  }

  public static void addBias(Operand y, Operand bias) {
    Checks.compute("y", y);
    Checks.rank("y", y, 2);
    Checks.adjacent("y", y);
    Checks.compute("bias", bias);
    Checks.shape("bias", bias, y.size(1));
    Checks.contiguous("bias", bias);
  }

  public static void gatherRows(Operand y, Operand table, Operand ids) {
    Checks.compute("y", y);
    Checks.compute("table", table);
    Checks.dtype("ids", ids, DType.I32, DType.I64);
    Checks.rank("ids", ids, 1);
    Checks.contiguous("ids", ids);
    Checks.rank("table", table, 2);
    Checks.shape("y", y, ids.size(0), table.size(1));
    Checks.adjacent("y", y);
    Checks.adjacent("table", table);
  }

  /** For {@link Elementwise#gatherRows}, once an id is seen to be none of the table's. */
  public static IllegalArgumentException badId(long position, long id, Operand table) {
    return new IllegalArgumentException(
        "ids[" + position + "] is " + id + ", the table has rows 0 to " + (table.size(0) - 1));
  }

  public static void dropout(Operand y, Operand x, float p) {
    add(y, x);
    if (!(p >= 0 && p < 1)) {
      throw new IllegalArgumentException("p must be at least 0 and below 1, given " + p);
    }
  }
}
