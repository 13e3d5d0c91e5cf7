package dev.nacelle.file.inspect;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Writes one tensor of a file into a safetensors file of its own. */
public final class TensorExtract {
  private TensorExtract() {}

  /**
   * What was written.
   *
   * @param dtype as the new file names it
   * @param shape as the new file has it
   * @param bytes of the tensor in it
   */
  @SuppressWarnings("ArrayRecordComponent") // made here, read once
  public record Written(String dtype, long[] shape, long bytes) {}

  /**
   * Widens the tensor to fp32 and writes it.
   *
   * @throws NacelleException of kind INPUT where there is no such tensor or its type cannot be
   *     widened, of kind ENVIRONMENT where the file cannot be written
   */
  public static Written asFloat32(
      TensorSource source, String name, Path target, FaultInjector faults) {
    TensorEntry entry = source.entry(name);
    if (!source.canWiden(entry)) {
      throw NacelleException.input(
          "tensor "
              + Quoted.name(name)
              + " of "
              + Quoted.path(source.path())
              + " is "
              + entry.describe()
              + ", which Nacelle does not widen to fp32",
          "--raw writes its bytes as they are stored");
    }
    long bytes = Math.multiplyExact(entry.elements(), 4L);
    try (NativeBuffer wide = NativeBuffer.allocate(Math.max(4, bytes))) {
      if (bytes > 0) {
        source.readFloat32(name, wide);
      }
      NamedTensor tensor =
          new NamedTensor(name, DType.FP32, entry.shape(), NamedTensor.bytes(wide.slice(0, bytes)));
      SafetensorsWriter.write(target, List.of(tensor), Map.of(), faults);
    }
    return new Written("F32", entry.shape(), bytes);
  }

  /**
   * Writes the tensor's bytes as they are stored. Blocks of GGUF and of bitsandbytes, which
   * safetensors has no name for, become rows of U8; type and shape then stand in the metadata.
   *
   * @throws NacelleException of kind INPUT where there is no such tensor, of kind ENVIRONMENT where
   *     the file cannot be written
   */
  public static Written raw(TensorSource source, String name, Path target, FaultInjector faults) {
    TensorEntry entry = source.entry(name);
    String dtype = entry.fileDtype();
    long[] shape = entry.shape();
    ObjectNode header = JsonNodeFactory.instance.objectNode();
    boolean isGguf = source instanceof GgufFile && entry.dtype() == null;
    if (isGguf || source.stored(entry).blocks() != null) {
      String of = isGguf ? "gguf" : "block";
      header
          .putObject("__metadata__")
          .put(of + "_type", dtype)
          .put(of + "_shape", Arrays.toString(shape));
      dtype = "U8";
      shape = shape.length == 0 ? new long[] {entry.bytes()} : shape.clone();
      long rows = 1;
      for (int i = 0; i + 1 < shape.length; i++) {
        rows *= shape[i];
      }
      shape[shape.length - 1] = rows == 0 ? 0 : entry.bytes() / rows;
    }
    ObjectNode tensor = header.putObject(name).put("dtype", dtype);
    var sizes = tensor.putArray("shape");
    Arrays.stream(shape).forEach(sizes::add);
    tensor.putArray("data_offsets").add(0).add(entry.bytes());
    byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
    int padded = (text.length + 7) / 8 * 8;
    ByteBuffer head = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    head.putLong(padded).put(text);
    while (head.hasRemaining()) {
      head.put((byte) ' ');
    }
    NativeBuffer data = source.data(name);
    AtomicFile.write(
        target,
        faults,
        channel -> {
          AtomicFile.writeFully(channel, head.flip());
          NamedTensor.bytes(data).writeTo(bytes -> AtomicFile.writeFully(channel, bytes));
        });
    return new Written(dtype, shape, entry.bytes());
  }
}
