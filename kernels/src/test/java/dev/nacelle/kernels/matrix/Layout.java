package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.cuda.RedZones;
import dev.nacelle.kernels.operator.Allocator;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.List;

/** How a tensor lies in memory. */
enum Layout {
  CONTIGUOUS,
  /** Elements at their own alignment, vectors not. */
  UNALIGNED,
  /** Not even elements are aligned: what a mapped file may give. */
  CROOKED,
  /** Unused elements behind each row, of every tensor another number. */
  PADDED_ROWS,
  /** Every second element. */
  STRIDED,
  /** Dimensions stored in reverse order. */
  TRANSPOSED;

  /** A tensor of this layout that holds the values, in row-major order. */
  Operand place(DType dtype, double[] values, long[] shape, List<NativeBuffer> owner) {
    return place(
        dtype,
        values,
        shape,
        bytes -> {
          NativeBuffer buffer = RedZones.allocate(bytes);
          owner.add(buffer);
          return buffer;
        },
        owner.size());
  }

  /** The same in memory of the caller's, whose bytes are all 0xff. */
  Operand place(DType dtype, double[] values, long[] shape, Allocator allocator) {
    return place(dtype, values, shape, allocator, 0);
  }

  private Operand place(
      DType dtype, double[] values, long[] shape, Allocator allocator, int number) {
    long[] strides = strides(shape, number);
    long last = 0;
    for (int d = 0; d < shape.length; d++) {
      last += Math.max(0, shape[d] - 1) * strides[d];
    }
    long begin =
        switch (this) {
          case UNALIGNED -> dtype.bytes();
          case CROOKED -> 1;
          default -> 0;
        };
    NativeBuffer buffer = allocator.allocate(begin + (last + 1) * dtype.bytes());
    Operand x = Operand.view(buffer, begin, dtype, shape, strides);
    for (int i = 0; i < values.length; i++) {
      if (dtype == DType.I32 || dtype == DType.I64) {
        setInteger(x, Elements.offset(x, i), (long) values[i]);
      } else {
        Elements.set(x, Elements.offset(x, i), values[i]);
      }
    }
    return x;
  }

  private static void setInteger(Operand x, long offset, long value) {
    Elements.set(x, offset, (double) value);
  }

  private long[] strides(long[] shape, int number) {
    long[] strides = Operand.contiguousStrides(shape);
    switch (this) {
      case PADDED_ROWS -> {
        long next = shape.length == 0 ? 1 : shape[shape.length - 1] + 3 + number % 5;
        for (int d = shape.length - 2; d >= 0; d--) {
          strides[d] = next;
          next *= Math.max(1, shape[d]);
        }
      }
      case STRIDED -> {
        for (int d = 0; d < strides.length; d++) {
          strides[d] *= 2;
        }
      }
      case TRANSPOSED -> {
        long next = 1;
        for (int d = 0; d < strides.length; d++) {
          strides[d] = next;
          next *= Math.max(1, shape[d]);
        }
      }
      default -> {}
    }
    return strides;
  }
}
