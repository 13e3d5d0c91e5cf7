package dev.nacelle.planning;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A folder with headers alone: weights are a hole in a file, so that any shape costs nothing. */
final class SparseModel {
  private static final int HIDDEN = 128;
  private static final int INNER = 352;
  private static final int HEADS = 4;
  private static final int PAIRS = 2;
  private static final int VOCABULARY = 500;

  private SparseModel() {}

  /** Writes config.json and model.safetensors of a Llama with so many blocks. */
  static Path write(Path folder, int layers) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
         "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d,
         "num_attention_heads": %d, "num_key_value_heads": %d, "max_position_embeddings": 2048,
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "vocab_size": %d,
         "tie_word_embeddings": false, "eos_token_id": 2}
        """
            .formatted(HIDDEN, INNER, layers, HEADS, PAIRS, VOCABULARY));
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new int[] {VOCABULARY, HIDDEN});
    int narrow = HIDDEN / HEADS * PAIRS;
    for (int block = 0; block < layers; block++) {
      String name = "model.layers." + block + ".";
      shapes.put(name + "input_layernorm.weight", new int[] {HIDDEN});
      shapes.put(name + "post_attention_layernorm.weight", new int[] {HIDDEN});
      shapes.put(name + "self_attn.q_proj.weight", new int[] {HIDDEN, HIDDEN});
      shapes.put(name + "self_attn.k_proj.weight", new int[] {narrow, HIDDEN});
      shapes.put(name + "self_attn.v_proj.weight", new int[] {narrow, HIDDEN});
      shapes.put(name + "self_attn.o_proj.weight", new int[] {HIDDEN, HIDDEN});
      shapes.put(name + "mlp.gate_proj.weight", new int[] {INNER, HIDDEN});
      shapes.put(name + "mlp.up_proj.weight", new int[] {INNER, HIDDEN});
      shapes.put(name + "mlp.down_proj.weight", new int[] {HIDDEN, INNER});
    }
    shapes.put("model.norm.weight", new int[] {HIDDEN});
    shapes.put("lm_head.weight", new int[] {VOCABULARY, HIDDEN});
    StringBuilder header = new StringBuilder("{");
    long end = 0;
    for (Map.Entry<String, int[]> tensor : shapes.entrySet()) {
      int[] shape = tensor.getValue();
      long bytes = 4L * shape[0] * (shape.length > 1 ? shape[1] : 1);
      header.append(header.length() > 1 ? "," : "").append('"').append(tensor.getKey());
      header.append("\":{\"dtype\":\"F32\",\"shape\":").append(Arrays.toString(shape));
      header.append(",\"data_offsets\":[").append(end).append(',').append(end + bytes).append("]}");
      end += bytes;
    }
    byte[] text = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    try (RandomAccessFile file =
        new RandomAccessFile(folder.resolve("model.safetensors").toFile(), "rw")) {
      file.writeLong(Long.reverseBytes(text.length));
      file.write(text);
      file.setLength(8 + text.length + end);
    }
    return folder;
  }
}
