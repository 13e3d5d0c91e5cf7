package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.inspect.Inspection;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** One entry of {@code inspect --json}. */
final class InspectJson {
  private InspectJson() {}

  static ObjectNode of(Path path, Inspection found, @Nullable Loading loading) {
    ObjectNode entry = Json.object().put("path", path.toString()).put("ok", found.ok());
    Inspection.Kind kind = found.kind();
    entry.put("kind", kind == null ? null : kind.label());
    entry.put("parameters", found.elements()).put("bytes", found.bytes());
    ObjectNode types = entry.putObject("bytes_by_dtype");
    found.bytesByType().forEach(types::put);
    ArrayNode tensors = entry.putArray("tensors");
    for (Inspection.Tensor tensor : found.tensors()) {
      ObjectNode one =
          tensors
              .addObject()
              .put("name", tensor.entry().name())
              .put("dtype", tensor.entry().fileDtype());
      ArrayNode shape = one.putArray("shape");
      for (long size : tensor.entry().shape()) {
        shape.add(size);
      }
      one.put("bytes", tensor.entry().bytes());
      one.put("file", String.valueOf(tensor.file().getFileName()));
      one.put("offset", tensor.entry().offset());
    }
    entry.set("metadata", found.metadata());
    ArrayNode notes = entry.putArray("notes");
    found.notes().forEach(notes::add);
    if (loading == null) {
      entry.putNull("loads");
    } else {
      ObjectNode loads = entry.putObject("loads").put("ok", loading.reason() == null);
      loading.facts().forEach((key, value) -> loads.set(key, Json.MAPPER.valueToTree(value)));
      loads.put("reason", loading.reason());
    }
    NacelleException failure = found.failure();
    entry.put("error", failure == null ? null : failure.getMessage());
    entry.put("hint", failure == null ? null : failure.hint());
    return entry;
  }
}
