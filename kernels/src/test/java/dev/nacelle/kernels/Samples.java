package dev.nacelle.kernels;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Operands for tests: seeded values in every type, strided and unaligned where asked. */
public final class Samples implements AutoCloseable {
  public static final List<DType> COMPUTE = List.of(DType.FP32, DType.BF16, DType.FP16);

  private final List<NativeBuffer> buffers = new ArrayList<>();
  private final Random random;

  public Samples(long seed) {
    random = new Random(seed);
  }

  /** A contiguous operand of normal values, {@code shift} elements off the buffer's alignment. */
  public Operand normal(DType dtype, int shift, long... shape) {
    return fill(strided(dtype, shift, 0, shape), 1);
  }

  /** As {@link #normal}, with {@code gap} unused elements behind each row. */
  public Operand normalStrided(DType dtype, int shift, int gap, long... shape) {
    return fill(strided(dtype, shift, gap, shape), 1);
  }

  /** Memory whose every element is a NaN, rows {@code gap} elements apart. */
  public Operand strided(DType dtype, int shift, int gap, long... shape) {
    long[] strides = new long[shape.length];
    long next = 1;
    for (int d = shape.length - 1; d >= 0; d--) {
      strides[d] = next;
      next *= Math.max(1, shape[d]);
      if (d == shape.length - 1) {
        next += gap;
      }
    }
    NativeBuffer buffer = NativeBuffer.allocate((next + shift) * dtype.bytes() + 64);
    buffers.add(buffer);
    buffer.segment().fill((byte) 0xff);
    return Operand.view(buffer, (long) shift * dtype.bytes(), dtype, shape, strides);
  }

  /** Fills an operand of any strides with normal values times {@code scale}. */
  public Operand fill(Operand operand, double scale) {
    forEach(operand, index -> set(operand, index, random.nextGaussian() * scale));
    return operand;
  }

  /** An int operand from values. */
  public Operand ids(DType dtype, long... values) {
    NativeBuffer buffer = NativeBuffer.allocate((long) values.length * dtype.bytes());
    buffers.add(buffer);
    for (int i = 0; i < values.length; i++) {
      if (dtype == DType.I64) {
        buffer.setLong(i, values[i]);
      } else {
        buffer.setInt(i, (int) values[i]);
      }
    }
    return Operand.of(buffer, dtype, values.length);
  }

  /** A matrix of bytes of which any two make a small fp16 number. */
  public Operand bytes(long rows, long rowBytes) {
    NativeBuffer buffer = NativeBuffer.allocate(rows * rowBytes);
    buffers.add(buffer);
    for (long i = 0; i < buffer.byteSize(); i++) {
      buffer.setByte(i, (byte) random.nextInt(0x10, 0x2c));
    }
    return Operand.of(buffer, DType.U8, rows, rowBytes);
  }

  /** Another operand with the same bytes, strides included. */
  public Operand copy(Operand source) {
    NativeBuffer buffer = NativeBuffer.allocate(source.buffer().byteSize());
    buffers.add(buffer);
    buffer.copyFrom(0, source.buffer(), 0, buffer.byteSize());
    return Operand.view(
        buffer, source.byteOffset(), source.dtype(), source.shape(), source.strides());
  }

  /** What is done with each element's index (in elements from the operand's first). */
  public interface IndexConsumer {
    void accept(long index);
  }

  public static void forEach(Operand operand, IndexConsumer consumer) {
    if (operand.elements() > 0) {
      forEach(operand, 0, 0, consumer);
    }
  }

  private static void forEach(Operand operand, int d, long index, IndexConsumer consumer) {
    if (d == operand.rank()) {
      consumer.accept(index);
      return;
    }
    for (long i = 0; i < operand.size(d); i++) {
      forEach(operand, d + 1, index + i * operand.stride(d), consumer);
    }
  }

  public static double get(Operand operand, long index) {
    MemorySegment memory = operand.buffer().segment();
    long at = operand.byteOffset() + index * operand.dtype().bytes();
    return switch (operand.dtype()) {
      case FP32 -> memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
      case BF16 -> Float.intBitsToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) << 16);
      case FP16 -> Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
      case FP64, I64, I32, U8, BOOL -> throw new IllegalArgumentException("no compute type");
    };
  }

  /** Stores a value; bf16 by adding half a unit, which is right for the values of tests. */
  public static void set(Operand operand, long index, double value) {
    MemorySegment memory = operand.buffer().segment();
    long at = operand.byteOffset() + index * operand.dtype().bytes();
    switch (operand.dtype()) {
      case FP32 -> memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) value);
      case BF16 ->
          memory.set(
              ValueLayout.JAVA_SHORT_UNALIGNED,
              at,
              (short) ((Float.floatToRawIntBits((float) value) + 0x8000) >> 16));
      case FP16 ->
          memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16((float) value));
      case FP64, I64, I32, U8, BOOL -> throw new IllegalArgumentException("no compute type");
    }
  }

  /** Largest |a − b| over all elements of two operands of one shape; NaN if one has a NaN. */
  public static double maxDifference(Operand a, Operand b) {
    List<Double> left = values(a);
    List<Double> right = values(b);
    double max = 0;
    for (int i = 0; i < left.size(); i++) {
      double difference = Math.abs(left.get(i) - right.get(i));
      max = Double.isNaN(difference) ? Double.NaN : Math.max(max, difference);
      if (Double.isNaN(max)) {
        return max;
      }
    }
    return max;
  }

  /** All elements in the order of their indices. */
  public static List<Double> values(Operand operand) {
    List<Double> values = new ArrayList<>();
    forEach(operand, index -> values.add(get(operand, index)));
    return values;
  }

  @Override
  public void close() {
    for (NativeBuffer buffer : buffers) {
      buffer.close();
    }
  }
}
