package dev.nacelle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * A contiguous, row-major tensor outside of the engine: what {@link Operators} take and give. It
 * holds its elements as little-endian bytes, at most 2 GiB of them, and never changes.
 */
public final class TensorData {
  private final ElementType type;
  private final long[] shape;
  private final ByteBuffer bytes;

  private TensorData(ElementType type, ByteBuffer bytes, long[] shape) {
    this.type = type;
    this.shape = shape.clone();
    this.bytes = bytes;
    long elements = 1;
    for (long size : shape) {
      if (size < 0) {
        throw wrong("has a negative size");
      }
      try {
        elements = Math.multiplyExact(elements, size);
      } catch (ArithmeticException e) {
        throw wrong("has more elements than can be counted");
      }
    }
    if (elements > Integer.MAX_VALUE || elements * type.bytes() != bytes.remaining()) {
      throw wrong("needs " + elements + " elements, given " + bytes.remaining() + " bytes");
    }
  }

  private NacelleException wrong(String what) {
    return NacelleException.input(
        "a tensor " + this + " " + what, "give as many elements as the product of the shape");
  }

  /**
   * A view of a buffer's remaining bytes, which must not change until the tensor was used.
   *
   * @param bytes elements in row-major order, little-endian
   * @throws NacelleException of kind INPUT where shape and bytes do not agree
   */
  public static TensorData of(ElementType type, ByteBuffer bytes, long... shape) {
    return new TensorData(type, bytes.slice().asReadOnlyBuffer(), shape);
  }

  /**
   * An fp32 tensor; the elements are copied.
   *
   * @throws NacelleException of kind INPUT where their number is not the product of the shape
   */
  public static TensorData ofFloats(float[] elements, long... shape) {
    return filled(ElementType.FP32, elements.length, b -> b.asFloatBuffer().put(elements), shape);
  }

  /** An I32 tensor; otherwise as {@link #ofFloats}. */
  public static TensorData ofInts(int[] elements, long... shape) {
    return filled(ElementType.I32, elements.length, b -> b.asIntBuffer().put(elements), shape);
  }

  /** An I64 tensor; otherwise as {@link #ofFloats}. */
  public static TensorData ofLongs(long[] elements, long... shape) {
    return filled(ElementType.I64, elements.length, b -> b.asLongBuffer().put(elements), shape);
  }

  private static TensorData filled(
      ElementType type, int elements, Consumer<ByteBuffer> fill, long[] shape) {
    long bytes = (long) elements * type.bytes();
    if (bytes > Integer.MAX_VALUE) {
      throw NacelleException.input(
          "a tensor of " + bytes + " bytes is larger than 2 GiB", "give it in parts");
    }
    ByteBuffer buffer = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
    fill.accept(buffer);
    return new TensorData(type, buffer, shape);
  }

  public ElementType type() {
    return type;
  }

  public long[] shape() {
    return shape.clone();
  }

  /** All bytes, little-endian, read-only. */
  public ByteBuffer bytes() {
    return bytes.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * The elements, widened where they are bf16 or fp16.
   *
   * @throws NacelleException of kind INPUT for whole numbers
   */
  public float[] toFloats() {
    ByteBuffer from = bytes();
    float[] floats = new float[from.remaining() / type.bytes()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] =
          switch (type) {
            case FP32 -> from.getFloat(4 * i);
            case BF16 -> Float.intBitsToFloat(from.getShort(2 * i) << 16);
            case FP16 -> Float.float16ToFloat(from.getShort(2 * i));
            case I32, I64, U8 ->
                throw NacelleException.input(this + " holds whole numbers", "call toLongs");
          };
    }
    return floats;
  }

  /**
   * The elements as 64-bit integers; U8 is unsigned.
   *
   * @throws NacelleException of kind INPUT for fractions
   */
  public long[] toLongs() {
    ByteBuffer from = bytes();
    long[] longs = new long[from.remaining() / type.bytes()];
    for (int i = 0; i < longs.length; i++) {
      longs[i] =
          switch (type) {
            case I64 -> from.getLong(8 * i);
            case I32 -> from.getInt(4 * i);
            case U8 -> Byte.toUnsignedLong(from.get(i));
            case FP32, BF16, FP16 ->
                throw NacelleException.input(this + " holds fractions", "call toFloats");
          };
    }
    return longs;
  }

  /** Type and shape: {@code FP32[4, 512]}. */
  @Override
  public String toString() {
    return type + Arrays.toString(shape);
  }
}
