package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** Widens stored elements to fp32, a few kilobytes at a time. */
final class Float32 {
  private static final int CHUNK = 8192;

  private Float32() {}

  /** Writes {@code elements} floats of a tensor, from {@code first} on, into {@code target}. */
  static void widen(
      Path path,
      TensorEntry entry,
      NativeBuffer source,
      long first,
      long elements,
      NativeBuffer target) {
    DType type = entry.dtype();
    if (type == null
        || type == DType.I64
        || type == DType.BOOL
        || type == DType.I32
        || type == DType.U8) {
      throw NacelleException.input(
          "tensor "
              + Quoted.name(entry.name())
              + " of "
              + Quoted.path(path)
              + " is "
              + entry.describe()
              + ", which cannot be read as fp32",
          "convert the model to F32, BF16 or F16");
    }
    if (type == DType.FP32) {
      target.copyFrom(0, source, first * 4, elements * 4);
      return;
    }
    byte[] raw = new byte[CHUNK * type.bytes()];
    ByteBuffer view = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    float[] wide = new float[CHUNK];
    for (long done = 0; done < elements; done += CHUNK) {
      int n = (int) Math.min(CHUNK, elements - done);
      source.read((first + done) * type.bytes(), raw, 0, n * type.bytes());
      for (int i = 0; i < n; i++) {
        wide[i] =
            switch (type) {
              case FP16 -> Float.float16ToFloat(view.getShort(2 * i));
              case BF16 -> bfloat16(view.getShort(2 * i));
              case FP64 -> (float) view.getDouble(8 * i);
              default -> throw new AssertionError(type);
            };
      }
      target.write(done, wide, 0, n);
    }
  }

  /** The value of a bfloat16: the upper half of a float. */
  static float bfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
