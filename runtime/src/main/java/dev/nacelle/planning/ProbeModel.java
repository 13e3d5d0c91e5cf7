package dev.nacelle.planning;

import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.model.ModelTensors;
import dev.nacelle.model.RopeScaling;
import dev.nacelle.nativeaccess.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A model that costs next to nothing to train, with a vocabulary of any size: what a process holds
 * beside the tensors shows on it as on a large one.
 */
final class ProbeModel {
  static final String DATA = "data.jsonl";

  private static final String LETTERS =
      "Ġabcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  private static final int RECORDS = 200;

  /**
   * Sizes of such a model.
   *
   * @param words of each record of its data
   */
  record Shape(int hidden, int inner, int layers, int heads, int words) {
    /** Next to nothing. */
    static final Shape TINY = new Shape(64, 128, 2, 2, 60);

    /** Blocks as wide as a small language model's. */
    static final Shape NARROW = new Shape(576, 1536, 4, 9, 300);
  }

  private ProbeModel() {}

  /** Writes config.json, tokenizer.json, weights and data. */
  static void write(Path folder, int vocabulary, Shape shape) {
    SplittableRandom random = new SplittableRandom(7);
    List<String> merges = new ArrayList<>();
    List<String> tokens = tokens(vocabulary - 1, random, merges);
    write(folder, "tokenizer.json", tokenizer(tokens, merges));
    write(folder, "config.json", config(vocabulary, shape));
    write(folder, DATA, data(tokens, random, shape.words()));
    List<NamedTensor> tensors = new ArrayList<>();
    for (ModelTensors.Expected tensor : ModelTensors.expected(modelConfig(vocabulary, shape))) {
      tensors.add(
          new NamedTensor(
              tensor.name(), DType.FP32, tensor.shape(), sink -> fill(tensor, random, sink)));
    }
    SafetensorsWriter.write(
        folder.resolve("model.safetensors"), tensors, SafetensorsWriter.PYTORCH_METADATA);
  }

  private static void write(Path folder, String name, String text) {
    AtomicFile.writeText(folder.resolve(name), FaultInjector.none(), text);
  }

  /** Letters, then pairs of shorter tokens: about six letters each, as in vocabularies in use. */
  private static List<String> tokens(int count, SplittableRandom random, List<String> merges) {
    List<String> tokens = new ArrayList<>();
    LETTERS.codePoints().forEach(letter -> tokens.add(Character.toString(letter)));
    Set<String> known = new HashSet<>(tokens);
    List<String> parts = new ArrayList<>(tokens);
    while (tokens.size() < count) {
      String left = parts.get(random.nextInt(parts.size()));
      String right = parts.get(random.nextInt(parts.size()));
      if (known.add(left + right)) {
        merges.add(left + " " + right);
        tokens.add(left + right);
        if (left.length() + right.length() <= 4) {
          parts.add(left + right);
        }
      }
    }
    return tokens;
  }

  private static String tokenizer(List<String> tokens, List<String> merges) {
    StringBuilder json = new StringBuilder("{\"version\":\"1.0\",\"added_tokens\":[{\"id\":");
    json.append(tokens.size())
        .append(",\"content\":\"<|end|>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,")
        .append("\"normalized\":false,\"special\":true}],\"normalizer\":null,");
    String byteLevel =
        "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,"
            + "\"use_regex\":true}";
    json.append("\"pre_tokenizer\":").append(byteLevel);
    json.append(",\"post_processor\":null,\"decoder\":").append(byteLevel);
    json.append(",\"model\":{\"type\":\"BPE\",\"vocab\":{");
    for (int id = 0; id < tokens.size(); id++) {
      json.append(id == 0 ? "\"" : ",\"").append(tokens.get(id)).append("\":").append(id);
    }
    json.append(",\"<|end|>\":").append(tokens.size()).append("},\"merges\":[");
    for (int i = 0; i < merges.size(); i++) {
      json.append(i == 0 ? "\"" : ",\"").append(merges.get(i)).append('"');
    }
    return json.append("]}}").toString();
  }

  private static ModelConfig modelConfig(int vocabulary, Shape shape) {
    return new ModelConfig(
        shape.hidden(),
        shape.inner(),
        shape.layers(),
        shape.heads(),
        shape.heads(),
        shape.hidden() / shape.heads(),
        vocabulary,
        1e-6,
        10_000,
        new RopeScaling.Default(),
        512,
        false,
        false,
        // All of the table is read, and from both ends.
        true,
        null,
        List.of(vocabulary - 1),
        null,
        DType.FP32);
  }

  private static String config(int vocabulary, Shape shape) {
    return """
    {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
     "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d,
     "num_attention_heads": %d, "num_key_value_heads": %d, "max_position_embeddings": 512,
     "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "vocab_size": %d,
     "tie_word_embeddings": true, "eos_token_id": %d}
    """
        .formatted(
            shape.hidden(),
            shape.inner(),
            shape.layers(),
            shape.heads(),
            shape.heads(),
            vocabulary,
            vocabulary - 1);
  }

  private static String data(List<String> tokens, SplittableRandom random, int words) {
    StringBuilder data = new StringBuilder();
    for (int record = 0; record < RECORDS; record++) {
      data.append("{\"text\":\"");
      for (int word = 0; word < words; word++) {
        data.append(tokens.get(1 + random.nextInt(tokens.size() - 1)).replace('Ġ', ' '))
            .append(' ');
      }
      data.append("\"}\n");
    }
    return data.toString();
  }

  private static void fill(
      ModelTensors.Expected tensor, SplittableRandom random, NamedTensor.Sink sink)
      throws java.io.IOException {
    boolean norm = tensor.shape().length == 1;
    ByteBuffer piece = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    for (long left = tensor.elements(); left > 0; left -= piece.limit() / Float.BYTES) {
      piece.clear().limit((int) Math.min(piece.capacity(), left * Float.BYTES));
      while (piece.hasRemaining()) {
        piece.putFloat(norm ? 1 : (float) (0.1 * (random.nextDouble() - 0.5)));
      }
      sink.accept(piece.flip());
    }
  }
}
