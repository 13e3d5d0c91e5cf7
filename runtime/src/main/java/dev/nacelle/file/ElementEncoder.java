package dev.nacelle.file;

import dev.nacelle.nativeaccess.DType;
import java.nio.ByteBuffer;

/** Writes fp32 numbers in the elements of a file, and says what they are worth there. */
public interface ElementEncoder {
  /** Bytes of a row of so many elements. */
  long bytes(long columns);

  /**
   * Writes elements at the buffer's position, little-endian, and puts what a reader will read back
   * in their place.
   *
   * @param values fp32 in, as stored out
   * @param from first element; where elements come in blocks, a block begins there
   * @param count how many; whole blocks
   */
  void encode(float[] values, int from, int count, ByteBuffer target);

  /** fp32, or the nearest bf16 or fp16, ties to even. */
  static ElementEncoder of(DType type) {
    return switch (type) {
      case FP32 -> new Plain(4);
      case BF16 -> new Bfloat16();
      case FP16 -> new Half();
      default -> throw new IllegalArgumentException("weights are not written as " + type);
    };
  }

  /** GGUF's blocks of 32 signed bytes under one fp16 scale: rows of a multiple of 32 elements. */
  static ElementEncoder q8Blocks() {
    return new Q8Blocks();
  }

  /** Four bytes each. */
  record Plain(int size) implements ElementEncoder {
    @Override
    public long bytes(long columns) {
      return size * columns;
    }

    @Override
    public void encode(float[] values, int from, int count, ByteBuffer target) {
      for (int i = from; i < from + count; i++) {
        target.putFloat(values[i]);
      }
    }
  }

  /** The upper half of a float. */
  record Bfloat16() implements ElementEncoder {
    @Override
    public long bytes(long columns) {
      return 2 * columns;
    }

    @Override
    public void encode(float[] values, int from, int count, ByteBuffer target) {
      for (int i = from; i < from + count; i++) {
        int bits = Float.floatToRawIntBits(values[i]);
        // A NaN must not become an infinity by the rounding.
        int rounded =
            Float.isNaN(values[i]) ? bits | 0x40_0000 : bits + 0x7fff + ((bits >>> 16) & 1);
        target.putShort((short) (rounded >>> 16));
        values[i] = Float.intBitsToFloat(rounded & 0xffff_0000);
      }
    }
  }

  /** IEEE's binary16. */
  record Half() implements ElementEncoder {
    @Override
    public long bytes(long columns) {
      return 2 * columns;
    }

    @Override
    public void encode(float[] values, int from, int count, ByteBuffer target) {
      for (int i = from; i < from + count; i++) {
        short half = Float.floatToFloat16(values[i]);
        target.putShort(half);
        values[i] = Float.float16ToFloat(half);
      }
    }
  }

  /**
   * A scale d = max |x| / 127 and 32 numbers x / d rounded half away from zero, divided before d
   * itself is rounded to fp16: bit for bit what ggml and its Python package write.
   */
  record Q8Blocks() implements ElementEncoder {
    private static final int ELEMENTS = 32;

    @Override
    public long bytes(long columns) {
      return columns / ELEMENTS * 34;
    }

    @Override
    public void encode(float[] values, int from, int count, ByteBuffer target) {
      for (int block = from; block < from + count; block += ELEMENTS) {
        float largest = 0;
        for (int i = block; i < block + ELEMENTS; i++) {
          largest = Math.max(largest, Math.abs(values[i]));
        }
        float d = largest / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        short half = Float.floatToFloat16(d);
        float stored = Float.float16ToFloat(half);
        target.putShort(half);
        for (int i = block; i < block + ELEMENTS; i++) {
          int q = roundAway(values[i] * inverse);
          target.put((byte) q);
          values[i] = q * stored;
        }
      }
    }

    private static int roundAway(float x) {
      float magnitude = Math.abs(x);
      int whole = (int) magnitude;
      int rounded = magnitude - whole >= 0.5f ? whole + 1 : whole;
      return x < 0 ? -rounded : rounded;
    }
  }
}
