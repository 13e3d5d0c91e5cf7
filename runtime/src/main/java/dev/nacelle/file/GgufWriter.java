package dev.nacelle.file;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes GGUF files, version 3: keys in the order in which they are put, then tensors in theirs,
 * streamed one after the other. The file appears whole or not at all.
 */
public final class GgufWriter {
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final int alignment;
  private final ByteArrayOutputStream keys = new ByteArrayOutputStream();
  private final List<Tensor> tensors = new ArrayList<>();
  private long keyCount;

  /** A tensor to be written: its type as GGUF spells it, its shape slowest first. */
  @SuppressWarnings("ArrayRecordComponent") // handed from maker to writer, never compared
  private record Tensor(String name, GgufType type, long[] shape, NamedTensor.Payload payload) {
    long bytes() {
      long elements = 1;
      for (long size : shape) {
        elements = Math.multiplyExact(elements, size);
      }
      return Math.multiplyExact(elements / type.blockElements(), type.blockBytes());
    }
  }

  /**
   * @param alignment of every tensor, a power of two; readers take 32 where the file says nothing
   */
  public GgufWriter(int alignment) {
    this.alignment = alignment;
    if (alignment != 32) {
      putUnsigned("general.alignment", alignment);
    }
  }

  /** A string. */
  public GgufWriter put(String key, String value) {
    key(key, STRING);
    text(value);
    return this;
  }

  /** A whole number of 32 bits without sign. */
  public GgufWriter putUnsigned(String key, long value) {
    key(key, 4);
    raw(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) value));
    return this;
  }

  /** A float. */
  public GgufWriter put(String key, float value) {
    key(key, 6);
    raw(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value));
    return this;
  }

  /** True or false. */
  public GgufWriter put(String key, boolean value) {
    key(key, 7);
    keys.write(value ? 1 : 0);
    return this;
  }

  /** A list of strings. */
  public GgufWriter putStrings(String key, List<String> values) {
    list(key, STRING, values.size());
    values.forEach(this::text);
    return this;
  }

  /** A list of whole numbers of 32 bits. */
  public GgufWriter put(String key, int[] values) {
    list(key, 5, values.length);
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.stream(values).forEach(bytes::putInt);
    raw(bytes);
    return this;
  }

  /** A list of floats. */
  public GgufWriter put(String key, float[] values) {
    list(key, 6, values.length);
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    raw(bytes);
    return this;
  }

  /** A key and its value as another file has them, whatever they are. */
  public GgufWriter putAsItIs(GgufMetadata from, String key) {
    keys.writeBytes(from.raw(key));
    keyCount++;
    return this;
  }

  /**
   * A tensor.
   *
   * @param type as GGUF spells it: F32, F16, Q8_0 …
   * @param payload gives its bytes when the file is written
   */
  public GgufWriter add(String name, String type, long[] shape, NamedTensor.Payload payload) {
    tensors.add(new Tensor(name, GgufType.valueOf(type), shape.clone(), payload));
    return this;
  }

  /** Bytes of all tensors. */
  public long tensorBytes() {
    return tensors.stream().mapToLong(Tensor::bytes).sum();
  }

  /**
   * Writes the file.
   *
   * @throws dev.nacelle.NacelleException of kind ENVIRONMENT when it cannot be written
   */
  public void write(Path target, FaultInjector faults) {
    byte[] header = header();
    AtomicFile.write(
        target,
        faults,
        channel -> {
          AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
          for (Tensor tensor : tensors) {
            long before = channel.position();
            tensor.payload.writeTo(bytes -> AtomicFile.writeFully(channel, bytes));
            long written = channel.position() - before;
            if (written != tensor.bytes()) {
              throw new IllegalArgumentException(
                  tensor.name + " gave " + written + " bytes instead of " + tensor.bytes());
            }
            pad(channel, padded(written) - written);
          }
        });
  }

  private byte[] header() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteBuffer start = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    start.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3);
    start.putLong(tensors.size()).putLong(keyCount);
    out.writeBytes(start.array());
    out.writeBytes(keys.toByteArray());
    long offset = 0;
    for (Tensor tensor : tensors) {
      byte[] name = tensor.name.getBytes(StandardCharsets.UTF_8);
      int dimensions = tensor.shape.length;
      ByteBuffer entry =
          ByteBuffer.allocate(8 + name.length + 4 + 8 * dimensions + 4 + 8)
              .order(ByteOrder.LITTLE_ENDIAN);
      entry.putLong(name.length).put(name).putInt(dimensions);
      for (int i = dimensions - 1; i >= 0; i--) {
        entry.putLong(tensor.shape[i]);
      }
      entry.putInt(tensor.type.id()).putLong(offset);
      out.writeBytes(entry.array());
      offset += padded(tensor.bytes());
    }
    out.writeBytes(new byte[(int) (padded(out.size()) - out.size())]);
    return out.toByteArray();
  }

  private long padded(long bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
  }

  private static void pad(FileChannel channel, long bytes) throws IOException {
    AtomicFile.writeFully(channel, ByteBuffer.allocate((int) bytes));
  }

  private void key(String key, int type) {
    text(key);
    raw(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(type));
    keyCount++;
  }

  private void list(String key, int type, long count) {
    key(key, ARRAY);
    raw(ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putInt(type).putLong(count));
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    raw(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(bytes.length));
    keys.writeBytes(bytes);
  }

  private void raw(ByteBuffer bytes) {
    byte[] written = new byte[bytes.flip().remaining()];
    bytes.get(written);
    keys.writeBytes(written);
  }
}
