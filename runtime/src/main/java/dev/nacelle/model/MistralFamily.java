package dev.nacelle.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.JsonObject;
import dev.nacelle.layer.Positions;
import java.util.Collections;

/**
 * Mistral: a Llama whose every block has a window. GGUF knows it as a Llama, and its converter
 * leaves the window out; we do not.
 */
final class MistralFamily implements FamilyRules {
  /** What transformers assumes; newer configurations say null. */
  private static final int WINDOW = 4096;

  static final Family FAMILY =
      Family.like("mistral", "Mistral", "MistralForCausalLM", "llama", new MistralFamily())
          .with(Layout.LLAMA.with(Layout.Biases.NONE))
          .with(new Family.Defaults(8, 0, 131_072, 1e-6, 10_000, false, "silu"))
          .reading("sliding_window")
          .withInterleavedRows();

  private MistralFamily() {}

  @Override
  public Traits fromConfig(JsonObject config, ModelConfig sizes) {
    LayerKind kind = new LayerKind(Windows.size(config, WINDOW), Positions.GLOBAL);
    return sizes.traits().with(Collections.nCopies(sizes.layers(), kind));
  }

  @Override
  public void toConfig(ObjectNode json, ModelConfig model) {
    int window = Windows.largest(model);
    if (window == 0) {
      json.putNull("sliding_window");
    } else {
      json.put("sliding_window", window);
    }
  }

  @Override
  public void toGguf(GgufWriter writer, ModelConfig model) {
    if (Windows.matter(model)) {
      throw NacelleException.input(
          "a GGUF file cannot say the model's sliding window of "
              + Windows.largest(model)
              + " tokens",
          "merge into a folder instead: leave --format gguf out");
    }
  }
}
