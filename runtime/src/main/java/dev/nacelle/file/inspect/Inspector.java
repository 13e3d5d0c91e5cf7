package dev.nacelle.file.inspect;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.JsonFile;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.file.inspect.Inspection.Kind;
import dev.nacelle.file.inspect.Inspection.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Looks at files and folders; see {@link Inspection}. */
public final class Inspector {
  private static final String CHECKPOINT = "checkpoint.json";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String ADAPTER = "adapter_config.json";
  private static final String MODEL = "config.json";

  private static final byte[] GGUF_MAGIC = {'G', 'G', 'U', 'F'};

  private Inspector() {}

  /** What the path holds; what is wrong with it stands in the result. */
  public static Inspection inspect(Path path) {
    ObjectNode metadata = JsonNodeFactory.instance.objectNode();
    List<Tensor> tensors = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Kind kind = null;
    NacelleException failure = null;
    try {
      kind = kind(path);
      switch (kind) {
        case SAFETENSORS -> safetensors(path, path, tensors, metadata);
        case GGUF -> gguf(path, tensors, metadata);
        case MODEL -> model(path, tensors, metadata, notes);
        case ADAPTER -> adapter(path, tensors, metadata);
        case CHECKPOINT -> checkpoint(path, tensors, metadata);
      }
    } catch (NacelleException e) {
      failure = e;
    }
    return new Inspection(path, kind, tensors, metadata, notes, failure);
  }

  /**
   * Opens what holds one of a path's tensors.
   *
   * @throws NacelleException of kind INPUT where it is malformed
   */
  public static TensorSource open(Path path, String tensor) {
    return switch (kind(path)) {
      case SAFETENSORS -> Safetensors.open(path);
      case GGUF -> GgufFile.open(path);
      case MODEL -> HfFolder.open(path);
      case ADAPTER -> PeftAdapter.openWeights(path, FaultInjector.none());
      case CHECKPOINT -> {
        SafetensorsFile adapter = Safetensors.open(path.resolve(PeftAdapter.WEIGHTS));
        if (adapter.find(tensor) != null) {
          yield adapter;
        }
        adapter.close();
        yield Safetensors.open(path.resolve(OPTIMIZER));
      }
    };
  }

  /** A file is known by its first bytes, a folder by the configuration in it. */
  static Kind kind(Path path) {
    if (!Files.exists(path)) {
      throw NacelleException.input(
          "there is nothing at " + Quoted.path(path),
          "name a safetensors or GGUF file, a model folder, an adapter or a checkpoint");
    }
    if (Files.isDirectory(path)) {
      for (var mark :
          List.of(
              new Mark(CHECKPOINT, Kind.CHECKPOINT),
              new Mark(ADAPTER, Kind.ADAPTER),
              new Mark(MODEL, Kind.MODEL))) {
        if (Files.exists(path.resolve(mark.file))) {
          return mark.kind;
        }
      }
      throw NacelleException.input(
          "the folder " + Quoted.path(path) + " is no model, adapter or checkpoint",
          "it has none of " + MODEL + ", " + ADAPTER + " and " + CHECKPOINT);
    }
    return isGguf(path) ? Kind.GGUF : Kind.SAFETENSORS;
  }

  private record Mark(String file, Kind kind) {}

  private static boolean isGguf(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] first = in.readNBytes(GGUF_MAGIC.length);
      return Arrays.equals(first, GGUF_MAGIC) || file.toString().endsWith(".gguf");
    } catch (IOException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          Quoted.path(file) + " cannot be read (" + e + ")",
          "look at its permissions",
          e);
    }
  }

  private static void safetensors(
      Path file, Path shown, List<Tensor> tensors, ObjectNode metadata) {
    try (SafetensorsFile open = Safetensors.open(file)) {
      list(open, shown, tensors);
      open.metadata().forEach(metadata::put);
    }
  }

  private static void gguf(Path file, List<Tensor> tensors, ObjectNode metadata) {
    try (GgufFile open = GgufFile.open(file)) {
      list(open, file, tensors);
      GgufDescription.describe(open, metadata);
    }
  }

  private static void model(
      Path folder, List<Tensor> tensors, ObjectNode metadata, List<String> notes) {
    config(folder.resolve(MODEL), metadata);
    try (HfFolder open = HfFolder.open(folder)) {
      for (SafetensorsFile file : open.files()) {
        for (TensorEntry entry : file.entries().values()) {
          // What is quantised stands there once, under its own name and shape.
          TensorEntry shown = open.entries().get(entry.name());
          if (shown != null && shown.offset() == entry.offset() && shown.bytes() == entry.bytes()) {
            tensors.add(new Tensor(folder.relativize(file.path()), shown));
          }
        }
      }
      notes.addAll(open.notes());
    }
  }

  private static void adapter(Path folder, List<Tensor> tensors, ObjectNode metadata) {
    config(folder.resolve(ADAPTER), metadata);
    try (TensorSource open = PeftAdapter.openWeights(folder, FaultInjector.none())) {
      list(open, folder.relativize(open.path()), tensors);
    }
  }

  /** An adapter with the optimiser's state beside it. */
  private static void checkpoint(Path folder, List<Tensor> tensors, ObjectNode metadata) {
    config(folder.resolve(CHECKPOINT), metadata);
    for (String name : List.of(PeftAdapter.WEIGHTS, OPTIMIZER)) {
      safetensors(folder.resolve(name), Path.of(name), tensors, object());
    }
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  private static void config(Path file, ObjectNode metadata) {
    JsonFile.read(file)
        .node()
        .properties()
        .forEach(field -> metadata.set(field.getKey(), field.getValue()));
  }

  private static void list(TensorSource source, Path shown, List<Tensor> tensors) {
    source.entries().values().forEach(entry -> tensors.add(new Tensor(shown, entry)));
  }
}
