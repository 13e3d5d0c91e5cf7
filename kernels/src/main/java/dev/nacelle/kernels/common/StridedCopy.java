package dev.nacelle.kernels.common;

import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Copies between operands of any strides. Rows that lie in one piece on both sides are moved whole;
 * else the two dimensions that lie closest, one of the source and one of the target, are walked in
 * squares that fit a few cache lines each, so that a transposed tensor costs about what a plain one
 * does.
 */
final class StridedCopy {
  /** Side of a square: 32 rows of fp32 are two cache lines each. */
  private static final int SIDE = 32;

  private final Operand to;
  private final Operand from;
  private final int across;
  private final int along;

  private StridedCopy(Operand to, Operand from) {
    this.to = to;
    this.from = from;
    this.along = closest(to, -1);
    this.across = closest(from, along);
  }

  /** y = x, element by element, converted to y's type; both of one shape. */
  static void copy(Operand y, Operand x) {
    if (y.elements() > 0) {
      StridedCopy copy = new StridedCopy(y, x);
      copy.walk(0, 0, 0);
    }
  }

  /** The dimension of more than one element with the smallest stride; -1 where there is none. */
  private static int closest(Operand x, int except) {
    int found = -1;
    for (int d = x.rank() - 1; d >= 0; d--) {
      if (d != except && x.size(d) > 1 && (found < 0 || x.stride(d) < x.stride(found))) {
        found = d;
      }
    }
    return found;
  }

  /** All dimensions but the two, one by one. */
  private void walk(int d, long toAt, long fromAt) {
    if (d == to.rank()) {
      plane(toAt, fromAt);
    } else if (d == along || d == across) {
      walk(d + 1, toAt, fromAt);
    } else {
      for (long i = 0; i < to.size(d); i++) {
        walk(d + 1, toAt + i * to.stride(d), fromAt + i * from.stride(d));
      }
    }
  }

  private static long size(Operand x, int d) {
    return d < 0 ? 1 : x.size(d);
  }

  private static long stride(Operand x, int d) {
    return d < 0 ? 0 : x.stride(d);
  }

  private void plane(long toAt, long fromAt) {
    long rows = size(to, across);
    long columns = size(to, along);
    boolean same = to.dtype() == from.dtype();
    if (same && columns > 1 && stride(to, along) == 1 && stride(from, along) == 1) {
      for (long r = 0; r < rows; r++) {
        move(toAt + r * stride(to, across), fromAt + r * stride(from, across), columns);
      }
      return;
    }
    for (long r = 0; r < rows; r += SIDE) {
      for (long c = 0; c < columns; c += SIDE) {
        long toSquare = toAt + r * stride(to, across) + c * stride(to, along);
        long fromSquare = fromAt + r * stride(from, across) + c * stride(from, along);
        int height = (int) Math.min(SIDE, rows - r);
        int width = (int) Math.min(SIDE, columns - c);
        if (same && to.dtype().bytes() == Integer.BYTES) {
          words(toSquare, fromSquare, height, width);
        } else if (same && to.dtype().bytes() == Short.BYTES) {
          halves(toSquare, fromSquare, height, width);
        } else {
          converted(toSquare, fromSquare, height, width);
        }
      }
    }
  }

  private void move(long toAt, long fromAt, long columns) {
    long bytes = to.dtype().bytes();
    MemorySegment.copy(
        from.buffer().segment(),
        from.byteOffset() + fromAt * bytes,
        to.buffer().segment(),
        to.byteOffset() + toAt * bytes,
        columns * bytes);
  }

  private void words(long toAt, long fromAt, int height, int width) {
    MemorySegment target = to.buffer().segment();
    MemorySegment source = from.buffer().segment();
    long toBase = to.byteOffset() + toAt * Integer.BYTES;
    long fromBase = from.byteOffset() + fromAt * Integer.BYTES;
    long toRow = stride(to, across) * Integer.BYTES;
    long fromRow = stride(from, across) * Integer.BYTES;
    long toColumn = stride(to, along) * Integer.BYTES;
    long fromColumn = stride(from, along) * Integer.BYTES;
    for (int r = 0; r < height; r++) {
      for (int c = 0; c < width; c++) {
        target.set(
            ValueLayout.JAVA_INT_UNALIGNED,
            toBase + r * toRow + c * toColumn,
            source.get(ValueLayout.JAVA_INT_UNALIGNED, fromBase + r * fromRow + c * fromColumn));
      }
    }
  }

  private void halves(long toAt, long fromAt, int height, int width) {
    MemorySegment target = to.buffer().segment();
    MemorySegment source = from.buffer().segment();
    long toBase = to.byteOffset() + toAt * Short.BYTES;
    long fromBase = from.byteOffset() + fromAt * Short.BYTES;
    long toRow = stride(to, across) * Short.BYTES;
    long fromRow = stride(from, across) * Short.BYTES;
    long toColumn = stride(to, along) * Short.BYTES;
    long fromColumn = stride(from, along) * Short.BYTES;
    for (int r = 0; r < height; r++) {
      for (int c = 0; c < width; c++) {
        target.set(
            ValueLayout.JAVA_SHORT_UNALIGNED,
            toBase + r * toRow + c * toColumn,
            source.get(ValueLayout.JAVA_SHORT_UNALIGNED, fromBase + r * fromRow + c * fromColumn));
      }
    }
  }

  private void converted(long toAt, long fromAt, int height, int width) {
    boolean integers = from.dtype() == DType.I64 && to.dtype() == DType.I64;
    for (int r = 0; r < height; r++) {
      for (int c = 0; c < width; c++) {
        long target = toAt + r * stride(to, across) + c * stride(to, along);
        long source = fromAt + r * stride(from, across) + c * stride(from, along);
        if (integers) {
          Elements.setLong(to, target, Elements.getInteger(from, source));
        } else {
          Elements.set(to, target, Elements.get(from, source));
        }
      }
    }
  }
}
