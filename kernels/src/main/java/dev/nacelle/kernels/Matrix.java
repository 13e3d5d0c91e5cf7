package dev.nacelle.kernels;

/** A frozen matrix (rows, columns) that products read: plain elements, or quantised blocks. */
public sealed interface Matrix permits Operand, BlockMatrix {
  /** Rows (0) or columns (1), in elements. */
  long size(int d);

  /** Rows {@code from} to {@code to}. */
  Matrix rows(long from, long to);
}
