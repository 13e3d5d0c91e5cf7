package dev.nacelle.train.export;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufMetadata;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.model.LlamaGguf;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.regex.Pattern;

/** The metadata of a merged GGUF file: its base's, less what is not true of it any more. */
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
      case MergeBase.Folder folder ->
          throw NacelleException.usage(
              "--format gguf needs a GGUF base so far, and "
                  + Quoted.path(folder.source().path())
                  + " is a folder",
              "merge into a folder, and convert that with llama.cpp's convert_hf_to_gguf.py");
    };
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
    TensorEntry factors = file.find(LlamaGguf.ROPE_FACTORS);
    if (factors != null) {
      float[] values = new float[Math.toIntExact(factors.elements())];
      try (NativeBuffer wide = NativeBuffer.allocate(4L * values.length)) {
        file.readFloat32(factors.name(), wide);
        wide.read(0, values, 0, values.length);
      }
      writer.add(factors.name(), "F32", factors.shape(), NamedTensor.floats(values));
    }
    return writer;
  }
}
