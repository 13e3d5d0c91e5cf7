package dev.nacelle.train.export;

import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufMetadata;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.model.GgufConfigWriter;
import dev.nacelle.model.GgufModel;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.text.gguf.FolderVocabulary;
import dev.nacelle.text.gguf.GgufVocabularyKeys;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The metadata of a merged GGUF file: that of a GGUF base, less what is not true of it any more, or
 * what a folder's configuration and tokenizer come to.
 */
final class GgufHeads {
  /** Of the weights as the base had them. */
  private static final Pattern OUTDATED =
      Pattern.compile(
          "general\\.(file_type|quantization_version|quantized_by|alignment)"
              + "|split\\..*|quantize\\..*");

  private GgufHeads() {}

  /**
   * A writer with everything but the model's weights.
   *
   * @param fileType llama.cpp's number for the type of most weights
   */
  static GgufWriter of(MergeBase base, int fileType) {
    return switch (base) {
      case MergeBase.Gguf gguf -> ofGguf(gguf.source().file(), fileType);
      case MergeBase.Folder folder -> ofFolder(folder.source().path(), folder.config(), fileType);
    };
  }

  private static GgufWriter ofFolder(Path folder, ModelConfig config, int fileType) {
    GgufVocabulary vocabulary =
        FolderVocabulary.of(folder, config.vocabularySize(), config.eosTokenIds());
    GgufWriter writer = new GgufWriter(32);
    writer.put("general.architecture", config.family().architecture());
    writer.put("general.type", "model");
    String name = String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    // Readers take a file of that name for one whose special tokens swallow spaces.
    if (!name.toLowerCase(Locale.ROOT).matches(".*phi-?3.*")) {
      writer.put("general.name", name);
    }
    GgufConfigWriter.put(writer, config);
    writer.putUnsigned("general.file_type", fileType);
    writer.putUnsigned("general.quantization_version", 2);
    GgufVocabularyKeys.put(writer, vocabulary);
    return writer;
  }

  private static GgufWriter ofGguf(GgufFile file, int fileType) {
    GgufMetadata metadata = file.metadata();
    GgufWriter writer = new GgufWriter((int) metadata.integer("general.alignment", 32, 1, 1 << 20));
    for (String key : metadata.values().keySet()) {
      if (!OUTDATED.matcher(key).matches()) {
        writer.putAsItIs(metadata, key);
      }
    }
    writer.putUnsigned("general.file_type", fileType);
    writer.putUnsigned("general.quantization_version", 2);
    for (TensorEntry factors : file.entries().values()) {
      if (GgufModel.isRopeTable(factors.name())) {
        float[] values = new float[Math.toIntExact(factors.elements())];
        try (NativeBuffer wide = NativeBuffer.allocate(4L * values.length)) {
          file.readFloat32(factors.name(), wide);
          wide.read(0, values, 0, values.length);
        }
        writer.add(factors.name(), "F32", factors.shape(), NamedTensor.floats(values));
      }
    }
    return writer;
  }
}
