package dev.nacelle.kernels.reference;

import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** One element of an operand at a time, by strided index, whatever its type. */
public final class Cells {
  private final MemorySegment memory;
  private final long start;
  private final DType dtype;

  private Cells(MemorySegment memory, long start, DType dtype) {
    this.memory = memory;
    this.start = start;
    this.dtype = dtype;
  }

  /** The cells of an operand; index 0 is its first element, strides are the caller's. */
  public static Cells of(Operand operand) {
    NativeBuffer buffer = operand.buffer();
    return new Cells(buffer.segment(), operand.byteOffset(), operand.dtype());
  }

  public double get(long index) {
    long at = start + index * dtype.bytes();
    return switch (dtype) {
      case FP32 -> memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
      case BF16 -> Float.intBitsToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) << 16);
      case FP16 -> Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
      case FP64 -> memory.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, at);
      case I64, I32, U8, BOOL -> getLong(index);
    };
  }

  /** An integer element. */
  public long getLong(long index) {
    long at = start + index * dtype.bytes();
    return switch (dtype) {
      case I64 -> memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
      case I32 -> memory.get(ValueLayout.JAVA_INT_UNALIGNED, at);
      case U8, BOOL -> memory.get(ValueLayout.JAVA_BYTE, at) & 0xff;
      case FP32, BF16, FP16, FP64 ->
          throw new IllegalArgumentException(dtype.label() + " is no integer type");
    };
  }

  /** Stores a value, rounded to nearest even. */
  public void set(long index, double value) {
    long at = start + index * dtype.bytes();
    switch (dtype) {
      case FP32 -> memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) value);
      case BF16 -> memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, toBf16((float) value));
      case FP16 ->
          memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16((float) value));
      case FP64 -> memory.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, at, value);
      case I64, I32, U8, BOOL ->
          throw new IllegalArgumentException("cannot store a real number as " + dtype.label());
    }
  }

  /** What {@code value} becomes by being stored in this type. */
  public static double round(double value, DType dtype) {
    return switch (dtype) {
      case FP32 -> (float) value;
      case BF16 -> Float.intBitsToFloat(toBf16((float) value) << 16);
      case FP16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
      case FP64, I64, I32, U8, BOOL -> value;
    };
  }

  private static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
