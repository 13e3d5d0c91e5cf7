package dev.nacelle.kernels.common;

import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Elements of an operand one by one, whatever their storage type and alignment. For references and
 * small tensors; nothing on the hot path reads memory this way.
 */
public final class Elements {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Elements() {}

  /** The element {@code offset} elements after the operand's first, as a floating-point number. */
  public static double get(Operand x, long offset) {
    MemorySegment memory = x.buffer().segment();
    long at = x.byteOffset() + offset * x.dtype().bytes();
    return switch (x.dtype()) {
      case FP32 -> memory.get(FLOAT, at);
      case FP64 -> memory.get(DOUBLE, at);
      case BF16 -> fromBf16(memory.get(SHORT, at));
      case FP16 -> Float.float16ToFloat(memory.get(SHORT, at));
      case I64 -> memory.get(LONG, at);
      case I32 -> memory.get(INT, at);
      case U8 -> memory.get(ValueLayout.JAVA_BYTE, at) & 0xff;
      case BOOL -> memory.get(ValueLayout.JAVA_BYTE, at) == 0 ? 0 : 1;
    };
  }

  /**
   * Writes {@code value} rounded to the operand's type, {@code offset} elements after its first.
   */
  public static void set(Operand y, long offset, double value) {
    MemorySegment memory = y.buffer().segment();
    long at = y.byteOffset() + offset * y.dtype().bytes();
    switch (y.dtype()) {
      case FP32 -> memory.set(FLOAT, at, (float) value);
      case FP64 -> memory.set(DOUBLE, at, value);
      case BF16 -> memory.set(SHORT, at, toBf16((float) value));
      case FP16 -> memory.set(SHORT, at, Float.floatToFloat16((float) value));
      case I64 -> memory.set(LONG, at, (long) value);
      case I32 -> memory.set(INT, at, (int) value);
      case U8 -> memory.set(ValueLayout.JAVA_BYTE, at, (byte) (int) value);
      case BOOL -> memory.set(ValueLayout.JAVA_BYTE, at, (byte) (value == 0 ? 0 : 1));
    }
  }

  /** An I32 or I64 element, exactly. */
  public static long getInteger(Operand x, long offset) {
    MemorySegment memory = x.buffer().segment();
    long at = x.byteOffset() + offset * x.dtype().bytes();
    return x.dtype() == DType.I64 ? memory.get(LONG, at) : memory.get(INT, at);
  }

  /** Writes an I32 element. */
  public static void setInt(Operand y, long offset, int value) {
    y.buffer().segment().set(INT, y.byteOffset() + offset * Integer.BYTES, value);
  }

  /** Writes an I64 element. */
  static void setLong(Operand y, long offset, long value) {
    y.buffer().segment().set(LONG, y.byteOffset() + offset * Long.BYTES, value);
  }

  /** {@code value} as it would come back from storage. */
  public static double rounded(DType dtype, double value) {
    return switch (dtype) {
      case FP32 -> (float) value;
      case BF16 -> fromBf16(toBf16((float) value));
      case FP16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
      default -> value;
    };
  }

  public static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Rounds to nearest, ties to even; a NaN stays a NaN. */
  public static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** Where flat element {@code index} (row-major over the shape) lies, in elements. */
  public static long offset(Operand x, long index) {
    long offset = 0;
    long rest = index;
    for (int d = x.rank() - 1; d >= 0 && rest > 0; d--) {
      long size = x.size(d);
      offset += rest % size * x.stride(d);
      rest /= size;
    }
    return offset;
  }

  /** Where row {@code row} begins when all but the last dimension count rows, in elements. */
  public static long rowOffset(Operand x, long row) {
    long offset = 0;
    long rest = row;
    for (int d = x.rank() - 2; d >= 0 && rest > 0; d--) {
      long size = x.size(d);
      offset += rest % size * x.stride(d);
      rest /= size;
    }
    return offset;
  }

  /** y = x element by element, converted to y's type; any strides. */
  public static void copy(Operand y, Operand x) {
    if (x.isContiguous() && y.isContiguous() && x.dtype() == y.dtype()) {
      y.buffer().copyFrom(y.byteOffset(), x.buffer(), x.byteOffset(), x.byteSize());
    } else {
      StridedCopy.copy(y, x);
    }
  }

  /** Writes one value everywhere; any strides. */
  public static void fill(Operand y, double value) {
    long n = y.elements();
    boolean flat = y.isContiguous();
    for (long i = 0; i < n; i++) {
      set(y, flat ? i : offset(y, i), value);
    }
  }
}
