package dev.nacelle.kernels.attention;

import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/**
 * Tensors of a batch (B, T, heads, D) as rows (B·T, heads, D) in the order of segments, and back.
 */
final class RowMover {
  private final Elementwise elementwise;
  private final Scratch scratch;
  private final @Nullable Operand order;
  private final @Nullable Operand inverse;

  RowMover(Elementwise elementwise, Scratch scratch, SegmentRows rows) {
    this.elementwise = elementwise;
    this.scratch = scratch;
    this.order = ids(rows.order());
    this.inverse = ids(rows.inverse());
  }

  private @Nullable Operand ids(int @Nullable [] values) {
    if (values == null) {
      return null;
    }
    Operand ids = scratch.tensor(DType.I32, values.length);
    ids.buffer().write(0, values, 0, values.length);
    return ids;
  }

  /** A tensor to be read. */
  Operand in(Operand x) {
    Operand rows = rows(scratch.contiguous(x));
    if (order == null) {
      return rows;
    }
    Operand moved = scratch.tensor(x.dtype(), rows.shape());
    elementwise.gatherRows(matrix(moved), matrix(rows), order);
    return moved;
  }

  /** Where to write what {@link #out} brings to a contiguous tensor. */
  Operand target(Operand y) {
    Operand rows = rows(y);
    return order == null ? rows : scratch.tensor(y.dtype(), rows.shape());
  }

  /** Brings rows back to the tensor's own order. */
  void out(Operand y, Operand rows) {
    if (inverse != null) {
      elementwise.gatherRows(matrix(rows(y)), matrix(rows), inverse);
    }
  }

  private static Operand rows(Operand x) {
    return x.reshape(x.size(0) * x.size(1), x.size(2), x.size(3));
  }

  private static Operand matrix(Operand rows) {
    return rows.reshape(rows.size(0), rows.size(1) * rows.size(2));
  }
}
