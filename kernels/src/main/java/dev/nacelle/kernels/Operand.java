package dev.nacelle.kernels;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.Arrays;

/**
 * What a kernel sees of a tensor: where it lies, its element type, its shape and its strides in
 * elements. It owns nothing.
 */
public final class Operand implements Matrix {
  private final NativeBuffer buffer;
  private final long byteOffset;
  private final DType dtype;
  private final long[] shape;
  private final long[] strides;

  private Operand(NativeBuffer buffer, long byteOffset, DType dtype, long[] shape, long[] strides) {
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
  }

  /** A contiguous operand at the buffer's start. */
  public static Operand of(NativeBuffer buffer, DType dtype, long... shape) {
    return view(buffer, 0, dtype, shape, contiguousStrides(shape));
  }

  /**
   * Any strided operand; strides count elements, zero expands a dimension.
   *
   * @throws IllegalArgumentException if an element would lie outside the buffer
   */
  public static Operand view(
      NativeBuffer buffer, long byteOffset, DType dtype, long[] shape, long[] strides) {
    if (shape.length != strides.length) {
      throw new IllegalArgumentException(
          "shape "
              + Arrays.toString(shape)
              + " has other dimensions than strides "
              + Arrays.toString(strides));
    }
    long last = 0;
    boolean empty = false;
    for (int d = 0; d < shape.length; d++) {
      if (shape[d] < 0 || strides[d] < 0) {
        throw new IllegalArgumentException(
            "shape "
                + Arrays.toString(shape)
                + " or strides "
                + Arrays.toString(strides)
                + " has a negative entry");
      }
      empty |= shape[d] == 0;
      last = Math.addExact(last, Math.multiplyExact(Math.max(0, shape[d] - 1), strides[d]));
    }
    long end =
        empty ? byteOffset : Math.addExact(byteOffset, Math.multiplyExact(last + 1, dtype.bytes()));
    if (byteOffset < 0 || end > buffer.byteSize()) {
      throw new IllegalArgumentException(
          dtype.label()
              + Arrays.toString(shape)
              + " at byte "
              + byteOffset
              + " needs "
              + end
              + " bytes, the buffer holds "
              + buffer.byteSize());
    }
    return new Operand(buffer, byteOffset, dtype, shape.clone(), strides.clone());
  }

  /** Row-major strides in elements. */
  public static long[] contiguousStrides(long... shape) {
    long[] strides = new long[shape.length];
    long next = 1;
    for (int d = shape.length - 1; d >= 0; d--) {
      strides[d] = next;
      next *= Math.max(1, shape[d]);
    }
    return strides;
  }

  public NativeBuffer buffer() {
    return buffer;
  }

  public long byteOffset() {
    return byteOffset;
  }

  /** Address of the first element. */
  public long address() {
    return buffer.address() + byteOffset;
  }

  public DType dtype() {
    return dtype;
  }

  public int rank() {
    return shape.length;
  }

  /** Size of dimension {@code d}; negative counts from the end. */
  @Override
  public long size(int d) {
    return shape[d < 0 ? shape.length + d : d];
  }

  /** Stride of dimension {@code d} in elements; negative counts from the end. */
  public long stride(int d) {
    return strides[d < 0 ? strides.length + d : d];
  }

  public long[] shape() {
    return shape.clone();
  }

  public long[] strides() {
    return strides.clone();
  }

  public long elements() {
    long n = 1;
    for (long s : shape) {
      n *= s;
    }
    return n;
  }

  public long byteSize() {
    return elements() * dtype.bytes();
  }

  public boolean isContiguous() {
    long next = 1;
    for (int d = shape.length - 1; d >= 0; d--) {
      if (shape[d] != 1 && strides[d] != next) {
        return false;
      }
      next *= Math.max(1, shape[d]);
    }
    return true;
  }

  /** The same elements in another shape; contiguous operands only. */
  public Operand reshape(long... newShape) {
    Operand reshaped = view(buffer, byteOffset, dtype, newShape, contiguousStrides(newShape));
    if (!isContiguous() || reshaped.elements() != elements()) {
      throw new IllegalArgumentException("cannot see " + this + " as " + Arrays.toString(newShape));
    }
    return reshaped;
  }

  /** Rows {@code from} to {@code to} of the first dimension. */
  @Override
  public Operand rows(long from, long to) {
    long[] rows = shape.clone();
    rows[0] = to - from;
    return view(buffer, byteOffset + from * strides[0] * dtype.bytes(), dtype, rows, strides);
  }

  /** For error messages: {@code bf16[4, 512]}. */
  @Override
  public String toString() {
    return dtype.label() + Arrays.toString(shape);
  }
}
