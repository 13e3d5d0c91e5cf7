package dev.nacelle.train;

import dev.nacelle.file.JsonFile;
import dev.nacelle.model.ConfigReader;
import dev.nacelle.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Small configurations of the families, in the words of config.json. */
final class FamilyModels {
  private FamilyModels() {}

  /**
   * @param folder where the words are written
   */
  static ModelConfig config(Path folder, String family, int layers) throws IOException {
    String own =
        switch (family) {
          case "gemma2" -> ",\"query_pre_attn_scalar\":24,\"attn_logit_softcapping\":2.0";
          case "gemma3_text" -> ",\"query_pre_attn_scalar\":24,\"sliding_window_pattern\":3";
          case "qwen2", "qwen3" -> ",\"use_sliding_window\":true,\"max_window_layers\":2";
          case "granite" ->
              ",\"embedding_multiplier\":3.0,\"residual_multiplier\":0.4,\"logits_scaling\":2.0,"
                  + "\"attention_multiplier\":0.1";
          default -> "";
        };
    boolean whole = List.of("gemma", "granite", "olmo2").contains(family);
    String window = whole ? "" : ",\"sliding_window\":9";
    // Queries are wider than the stream where a family's heads may be.
    String heads = family.equals("phi3") ? "" : ",\"head_dim\":16";
    Path file = folder.resolve(family + ".json");
    Files.writeString(
        file,
        """
        {"model_type":"%s","hidden_size":48,"intermediate_size":80,"num_hidden_layers":%d,
         "num_attention_heads":4,"num_key_value_heads":2,"vocab_size":97%s}
        """
            .formatted(family, layers, window + heads + own));
    return ConfigReader.read(JsonFile.read(file), null);
  }
}
