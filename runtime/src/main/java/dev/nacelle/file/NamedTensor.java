package dev.nacelle.file;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tensor to be written.
 *
 * @param name its name in the file
 * @param dtype its element type in the file
 * @param shape sizes, slowest first
 * @param payload where its bytes come from when its turn comes
 */
@SuppressWarnings("ArrayRecordComponent") // handed from maker to writer, never compared
public record NamedTensor(String name, DType dtype, long[] shape, Payload payload) {
  private static final int CHUNK = 1 << 16;

  /** Takes bytes; those of a buffer from its position to its limit. */
  @FunctionalInterface
  public interface Sink {
    void accept(ByteBuffer bytes) throws IOException;
  }

  /** Hands out a tensor's bytes in order, little-endian. */
  @FunctionalInterface
  public interface Payload {
    void writeTo(Sink sink) throws IOException;
  }

  /** A tensor whose bytes lie in native memory; the buffer is read when the file is written. */
  public static NamedTensor of(String name, DType dtype, long[] shape, NativeBuffer data) {
    return new NamedTensor(name, dtype, shape, bytes(data));
  }

  /** An fp32 tensor. */
  public static NamedTensor of(String name, float[] values, long... shape) {
    return new NamedTensor(name, DType.FP32, shape, floats(values));
  }

  /** The bytes of native memory as they lie there. */
  public static Payload bytes(NativeBuffer data) {
    return sink -> {
      long bytes = data.byteSize();
      for (long at = 0; at < bytes; at += 1 << 24) {
        sink.accept(data.asByteBuffer(at, (int) Math.min(1 << 24, bytes - at)));
      }
    };
  }

  /** Floats of an array. */
  public static Payload floats(float[] values) {
    return sink -> {
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK * 4).order(ByteOrder.LITTLE_ENDIAN);
      for (int at = 0; at < values.length; at += CHUNK) {
        int n = Math.min(CHUNK, values.length - at);
        chunk.clear();
        chunk.asFloatBuffer().put(values, at, n);
        sink.accept(chunk.limit(4 * n));
      }
    };
  }

  /** Bytes that the shape and the type make. */
  public long bytes() {
    long n = dtype.bytes();
    for (long size : shape) {
      n = Math.multiplyExact(n, size);
    }
    return n;
  }
}
