package dev.nacelle.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes safetensors files as the reference library does: tensors by descending type, then by name,
 * the header without spaces and padded to a multiple of eight. Metadata is sorted, so the same
 * tensors give the same bytes. Tensors are streamed one after the other.
 */
public final class SafetensorsWriter {
  /** What Hugging Face's readers look for. */
  public static final Map<String, String> PYTORCH_METADATA = Map.of("format", "pt");

  private SafetensorsWriter() {}

  /** Writes without injected faults. */
  public static void write(Path target, List<NamedTensor> tensors, Map<String, String> metadata) {
    write(target, tensors, metadata, FaultInjector.none());
  }

  /**
   * Writes the file whole or not at all.
   *
   * @throws IllegalArgumentException if a name stands twice or a payload has another size than its
   *     shape says
   * @throws dev.nacelle.NacelleException of kind ENVIRONMENT when it cannot be written
   */
  public static void write(
      Path target, List<NamedTensor> tensors, Map<String, String> metadata, FaultInjector faults) {
    List<NamedTensor> order = sorted(tensors);
    byte[] header = header(order, metadata);
    AtomicFile.write(target, faults, channel -> writeAll(channel, header, order));
  }

  private static void writeAll(FileChannel channel, byte[] header, List<NamedTensor> order)
      throws IOException {
    AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
    for (NamedTensor tensor : order) {
      long before = channel.position();
      tensor.payload().writeTo(bytes -> AtomicFile.writeFully(channel, bytes));
      long written = channel.position() - before;
      if (written != tensor.bytes()) {
        throw new IllegalArgumentException(
            "tensor '"
                + tensor.name()
                + "' "
                + tensor.dtype().label()
                + Arrays.toString(tensor.shape())
                + " gave "
                + written
                + " bytes instead of "
                + tensor.bytes());
      }
    }
  }

  private static List<NamedTensor> sorted(List<NamedTensor> tensors) {
    Set<String> names = new HashSet<>();
    for (NamedTensor tensor : tensors) {
      if (!names.add(tensor.name()) || tensor.name().equals("__metadata__")) {
        throw new IllegalArgumentException("tensor name '" + tensor.name() + "' cannot be written");
      }
    }
    List<NamedTensor> order = new ArrayList<>(tensors);
    order.sort(
        Comparator.comparing(
                (NamedTensor t) -> SafetensorsType.of(t.dtype()), Comparator.reverseOrder())
            .thenComparing(
                t -> t.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned));
    return order;
  }

  /** Length and header together, ready to be written. */
  private static byte[] header(List<NamedTensor> order, Map<String, String> metadata) {
    StringBuilder json = new StringBuilder("{");
    if (!metadata.isEmpty()) {
      json.append("\"__metadata__\":{");
      new TreeMap<>(metadata)
          .forEach((key, value) -> field(json, key).append(string(value)).append(','));
      json.setCharAt(json.length() - 1, '}');
      json.append(',');
    }
    long at = 0;
    for (NamedTensor tensor : order) {
      long end = Math.addExact(at, tensor.bytes());
      field(json, tensor.name())
          .append("{\"dtype\":\"")
          .append(tensor.dtype().safetensorsName())
          .append("\",\"shape\":")
          .append(Arrays.toString(tensor.shape()).replace(" ", ""))
          .append(",\"data_offsets\":[")
          .append(at)
          .append(',')
          .append(end)
          .append("]},");
      at = end;
    }
    if (json.length() > 1) {
      json.setLength(json.length() - 1);
    }
    byte[] text = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    int padded = (text.length + 7) / 8 * 8;
    byte[] out = new byte[8 + padded];
    Arrays.fill(out, (byte) ' ');
    for (int i = 0; i < 8; i++) {
      out[i] = (byte) ((long) padded >>> (8 * i));
    }
    System.arraycopy(text, 0, out, 8, text.length);
    return out;
  }

  private static StringBuilder field(StringBuilder json, String name) {
    return json.append(string(name)).append(':');
  }

  private static String string(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }
}
