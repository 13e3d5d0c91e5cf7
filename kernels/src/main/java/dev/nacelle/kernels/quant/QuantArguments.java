package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;

/** What every implementation of both operators asks of its arguments. */
final class QuantArguments {
  private QuantArguments() {}

  static void dequantize(Operand y, BlockMatrix matrix) {
    matrix("y", y);
    Checks.shape("y", y, matrix.size(0), matrix.size(1));
  }

  static void gatherRows(Operand y, BlockMatrix table, Operand ids) {
    matrix("y", y);
    Checks.shape("y", y, ids.size(0), table.size(1));
    Checks.integers("ids", ids);
    Checks.rank("ids", ids, 1, "(N)");
    Checks.contiguous("ids", ids);
  }

  static IllegalArgumentException badId(long index, long id, BlockMatrix table) {
    return new IllegalArgumentException(
        "ids[" + index + "] is " + id + ", the table has " + table.size(0) + " rows");
  }

  /** Both directions: (T, M) beside (T, K). */
  static void linear(String outName, Operand out, String inName, Operand in, BlockMatrix weight) {
    matrix(outName, out);
    matrix(inName, in);
    Checks.shape(inName, in, in.size(0), weight.size(1));
    Checks.shape(outName, out, in.size(0), weight.size(0));
  }

  private static void matrix(String name, Operand x) {
    Checks.compute(name, x);
    Checks.rank(name, x, 2);
    Checks.adjacent(name, x);
  }
}
