package dev.nacelle.text.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Writes GGUF files that hold metadata alone; values may be of any kind that a test wants. */
final class GgufBytes {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private GgufBytes() {}

  static byte[] of(Map<String, Object> metadata) {
    GgufBytes file = new GgufBytes();
    file.out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    file.u32(3);
    file.u64(0);
    file.u64(metadata.size());
    metadata.forEach(
        (key, value) -> {
          file.text(key);
          file.value(value);
        });
    // The data of no tensor begins at the next multiple of 32.
    file.out.writeBytes(new byte[32 - file.out.size() % 32]);
    return file.out.toByteArray();
  }

  private void value(Object value) {
    u32(type(value));
    if (value instanceof List<?> list) {
      u32(list.isEmpty() ? 8 : type(list.getFirst()));
      u64(list.size());
      list.forEach(this::bare);
    } else {
      bare(value);
    }
  }

  private static int type(Object value) {
    return switch (value) {
      case Integer i -> 5;
      case Float f -> 6;
      case Boolean b -> 7;
      case String s -> 8;
      case List<?> l -> 9;
      case Long l -> 11;
      default -> throw new IllegalArgumentException(value.toString());
    };
  }

  private void bare(Object value) {
    switch (value) {
      case Integer i -> u32(i);
      case Float f -> u32(Float.floatToRawIntBits(f));
      case Boolean b -> out.write(b ? 1 : 0);
      case String s -> text(s);
      case Long l -> u64(l);
      default -> throw new IllegalArgumentException(value.toString());
    }
  }

  private void text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    u64(utf8.length);
    out.writeBytes(utf8);
  }

  private void u32(int value) {
    out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  private void u64(long value) {
    out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }
}
