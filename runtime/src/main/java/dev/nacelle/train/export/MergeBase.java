package dev.nacelle.train.export;

import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.file.WholeModules;
import dev.nacelle.model.ConfigReader;
import dev.nacelle.model.GgufModel;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.model.ModelTensors;
import dev.nacelle.nativeaccess.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The model that an adapter is merged into: its configuration and tensors, under HF's names. */
sealed interface MergeBase extends AutoCloseable {
  /** A Hugging Face folder. */
  record Folder(HfFolder source, ModelConfig config) implements MergeBase {}

  /** A GGUF file. */
  record Gguf(GgufModel source) implements MergeBase {
    @Override
    public ModelConfig config() {
      return source.config();
    }
  }

  TensorSource source();

  ModelConfig config();

  /**
   * Opens a model and holds every tensor against its configuration.
   *
   * @throws NacelleException of kind INPUT for what is missing, malformed or not done by us
   */
  static MergeBase open(Path path, FaultInjector faults) {
    if (!Files.exists(path)) {
      throw NacelleException.input(
          "there is no model at " + Quoted.path(path),
          "give --model a Hugging Face folder or a .gguf file");
    }
    return Files.isRegularFile(path) ? openGguf(path, faults) : openFolder(path, faults);
  }

  private static MergeBase openFolder(Path path, FaultInjector faults) {
    HfFolder folder = HfFolder.open(path, faults);
    try {
      ModelConfig config = ConfigReader.read(folder);
      ModelTensors.check(config, folder);
      return new Folder(folder, config);
    } catch (RuntimeException | Error e) {
      folder.close();
      throw e;
    }
  }

  private static MergeBase openGguf(Path path, FaultInjector faults) {
    GgufFile file = GgufFile.open(path, faults);
    try {
      return new Gguf(GgufModel.of(file));
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** Every linear module, path → {out, in}, the head included. */
  default Map<String, long[]> linears() {
    return ModelTensors.linears(config());
  }

  /** The type of the token table where weights are written in it, else fp32. */
  default DType dtype() {
    TensorEntry table = source().entry(ModelTensors.EMBEDDING);
    DType dtype = table.dtype();
    return dtype != null && dtype.isCompute() ? dtype : DType.FP32;
  }

  /**
   * Whether the head is the token table and an adapter changes one of them: the head then needs its
   * own matrix.
   */
  default boolean unties(Updates updates) {
    return config().tieWordEmbeddings()
        && (updates.has(WholeModules.HEAD) || updates.has(WholeModules.TABLE_PATH));
  }

  /**
   * A tensor of the merged model.
   *
   * @param name its name there, Hugging Face's
   * @param source the base's tensor that it begins as
   * @param shape sizes, slowest first
   * @param module the linear module whose update is added; null where none is
   */
  @SuppressWarnings("ArrayRecordComponent") // read only
  record Piece(String name, String source, long[] shape, @Nullable String module) {
    long elements() {
      long n = 1;
      for (long size : shape) {
        n = Math.multiplyExact(n, size);
      }
      return n;
    }
  }

  /** Every tensor of the merged model. */
  default List<Piece> pieces(Updates updates) {
    List<Piece> pieces = new ArrayList<>();
    for (ModelTensors.Expected tensor : ModelTensors.expected(config())) {
      String name = tensor.name();
      String module =
          name.endsWith(".weight") ? name.substring(0, name.length() - ".weight".length()) : "";
      pieces.add(new Piece(name, name, tensor.shape(), updates.has(module) ? module : null));
    }
    if (unties(updates)) {
      long[] shape = {config().vocabularySize(), config().hiddenSize()};
      String changed = updates.has(WholeModules.HEAD) ? WholeModules.HEAD : null;
      pieces.add(new Piece(ModelTensors.HEAD, ModelTensors.EMBEDDING, shape, changed));
    }
    return pieces;
  }

  @Override
  default void close() {
    source().close();
  }
}
