package dev.nacelle.file.inspect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.TensorEntry;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one path holds.
 *
 * @param path as it was asked for
 * @param kind what it is; null where that cannot be told
 * @param tensors in the order of the files
 * @param metadata what the file or the folder's configuration says beside the tensors
 * @param notes what is odd without being wrong, a sentence each
 * @param failure why it is not well-formed; null where it is
 */
public record Inspection(
    Path path,
    @Nullable Kind kind,
    List<Tensor> tensors,
    ObjectNode metadata,
    List<String> notes,
    @Nullable NacelleException failure) {

  /** What a path can be. */
  public enum Kind {
    SAFETENSORS,
    GGUF,
    MODEL,
    ADAPTER,
    CHECKPOINT;

    /** The word for it in output. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A tensor and the file that holds it.
   *
   * @param file its name in the folder, or the file itself
   */
  public record Tensor(Path file, TensorEntry entry) {}

  /** Whether it is well-formed. */
  public boolean ok() {
    return failure == null;
  }

  /** Elements of all tensors. */
  public long elements() {
    return tensors.stream().mapToLong(t -> t.entry().elements()).sum();
  }

  /** Bytes of all tensors as they are stored. */
  public long bytes() {
    return tensors.stream().mapToLong(t -> t.entry().bytes()).sum();
  }

  /** Bytes by element type. */
  public Map<String, Long> bytesByType() {
    Map<String, Long> bytes = new TreeMap<>();
    for (Tensor tensor : tensors) {
      bytes.merge(tensor.entry().fileDtype(), tensor.entry().bytes(), Long::sum);
    }
    return bytes;
  }
}
