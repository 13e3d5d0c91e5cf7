package dev.nacelle.kernels.common;

import dev.nacelle.kernels.Operand;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A tensor seen as rows of adjacent elements at one stride: the last dimension is the row, all
 * others count them.
 *
 * @param operand what is seen
 * @param rows how many
 * @param columns elements of a row
 * @param stride elements from one row's first to the next one's; zero where all rows are one
 */
public record Rows(Operand operand, long rows, long columns, long stride) {

  /** The view, or null where the strides allow none. */
  public static @Nullable Rows of(Operand x) {
    if (x.isContiguous()) {
      return contiguous(x);
    }
    long columns = x.size(-1);
    long rows = 1;
    for (int d = 0; d < x.rank() - 1; d++) {
      rows *= x.size(d);
    }
    if (columns > 1 && x.stride(-1) != 1) {
      return null;
    }
    long stride = columns;
    long next = -1;
    for (int d = x.rank() - 2; d >= 0; d--) {
      if (x.size(d) == 1) {
        continue;
      }
      if (next < 0) {
        stride = x.stride(d);
      } else if (x.stride(d) != next) {
        return null;
      }
      next = x.stride(d) * x.size(d);
    }
    return new Rows(x, rows, columns, stride);
  }

  /** The view of a tensor that lies in one piece. */
  public static Rows contiguous(Operand x) {
    long columns = x.rank() == 0 ? 1 : x.size(-1);
    long rows = 1;
    for (int d = 0; d < x.rank() - 1; d++) {
      rows *= x.size(d);
    }
    return new Rows(x, rows, columns, columns);
  }

  /**
   * The view of a tensor that is to be written.
   *
   * @throws IllegalArgumentException if the strides allow none, or rows overlap
   */
  public static Rows written(String name, Operand x) {
    Rows rows = of(x);
    if (rows == null || (rows.rows() > 1 && rows.stride() < rows.columns())) {
      throw new IllegalArgumentException(
          name
              + " must have rows of adjacent elements at one stride, given "
              + x
              + " with strides "
              + Arrays.toString(x.strides()));
    }
    return rows;
  }

  /** Address of the first element; zero when there is none. */
  public long address() {
    return rows == 0 || columns == 0 ? 0 : operand.address();
  }
}
