package dev.nacelle.kernels.common;

import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.List;

/** Copies of what a kernel cannot read as it lies; they live until the call ends. */
public final class Scratch implements AutoCloseable {
  private final List<NativeBuffer> buffers = new ArrayList<>();

  /** A new contiguous tensor, not cleared. */
  public Operand tensor(DType dtype, long... shape) {
    long bytes = dtype.bytes();
    for (long size : shape) {
      bytes = Math.multiplyExact(bytes, size);
    }
    NativeBuffer buffer = NativeBuffer.allocate(bytes);
    buffers.add(buffer);
    return Operand.of(buffer, dtype, shape);
  }

  /** The tensor as rows; strides that allow no such view, or a crooked address, cost a copy. */
  public Rows rows(Operand x) {
    Rows rows = isAligned(x) ? Rows.of(x) : null;
    return rows != null ? rows : Rows.contiguous(copy(x));
  }

  /** The tensor itself when it lies in one piece, else a copy that does. */
  public Operand contiguous(Operand x) {
    return x.isContiguous() && isAligned(x) ? x : copy(x);
  }

  /** Whether elements lie at multiples of their size. */
  public static boolean isAligned(Operand x) {
    return x.elements() == 0 || x.address() % x.dtype().bytes() == 0;
  }

  /** A contiguous copy. */
  public Operand copy(Operand x) {
    Operand copy = tensor(x.dtype(), x.shape());
    Elements.copy(copy, x);
    return copy;
  }

  /** A contiguous fp32 copy, or the tensor itself when it is that already. */
  public Operand floats(Operand x) {
    if (x.dtype() == DType.FP32) {
      return contiguous(x);
    }
    Operand copy = tensor(DType.FP32, x.shape());
    Elements.copy(copy, x);
    return copy;
  }

  @Override
  public void close() {
    buffers.forEach(NativeBuffer::close);
    buffers.clear();
  }
}
