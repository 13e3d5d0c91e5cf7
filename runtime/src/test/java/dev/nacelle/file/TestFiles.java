package dev.nacelle.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files made by hand, byte by byte. */
final class TestFiles {
  private TestFiles() {}

  /** A safetensors file of this header and as many data bytes, counted up. */
  static byte[] safetensors(byte[] header, int dataBytes) {
    ByteBuffer out =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(header.length).put(header);
    for (int i = 0; i < dataBytes; i++) {
      out.put((byte) i);
    }
    return out.array();
  }

  static Path safetensors(Path file, String header, int dataBytes) throws IOException {
    return Files.write(file, safetensors(header.getBytes(StandardCharsets.UTF_8), dataBytes));
  }

  /** One entry of a header. */
  static String entry(String name, String dtype, String shape, long from, long to) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
        .formatted(name, dtype, shape, from, to);
  }
}
