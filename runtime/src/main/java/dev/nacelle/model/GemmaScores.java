package dev.nacelle.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.JsonObject;
import dev.nacelle.layer.Positions;
import java.util.List;

/** Scales, caps and windows of Gemma 2 and 3, in config.json and in GGUF files. */
final class GemmaScores {
  /** What transformers assumes for {@code query_pre_attn_scalar}. */
  private static final double SCALAR = 256;

  private static final double SAME = 1e-6;

  private GemmaScores() {}

  /** The scale of q·k. */
  static double fromConfig(JsonObject config) {
    return 1 / Math.sqrt(config.positive("query_pre_attn_scalar", SCALAR));
  }

  /**
   * The scale that readers of GGUF take for granted: 1/√D, and in the largest model of a family
   * 1/√(C/H).
   */
  static double inGguf(ModelConfig model, int largestLayers) {
    return model.layers() == largestLayers
        ? 1 / Math.sqrt((double) model.hiddenSize() / model.heads())
        : 1 / Math.sqrt(model.headDim());
  }

  /** A cap; 0 where the file says null, the default where it says nothing. */
  static double cap(JsonObject config, String key, double fallback) {
    JsonNode value = config.node().get(key);
    return value == null ? fallback : value.isNull() ? 0 : config.positive(key, fallback);
  }

  static void toConfig(ObjectNode json, ModelConfig model) {
    json.put("hidden_activation", "gelu_pytorch_tanh");
    double scale = model.traits().attentionScale();
    // A whole number in transformers.
    json.put("query_pre_attn_scalar", Math.round(1 / (scale * scale)));
  }

  static void putCap(ObjectNode json, String key, double cap) {
    if (cap == 0) {
      json.putNull(key);
    } else {
      json.put(key, cap);
    }
  }

  static void requireGguf(ModelConfig model, int largestLayers) {
    double said = inGguf(model, largestLayers);
    if (Math.abs(said - model.traits().attentionScale()) > SAME * said) {
      throw refusal("query_pre_attn_scalar: its readers take head_dim for it");
    }
  }

  static void requireCap(String key, double cap) {
    if (cap == 0) {
      throw refusal("that there is no " + key + ": its readers take the usual one");
    }
  }

  /**
   * Writes the window, and the pattern where it is not the usual one.
   *
   * @param usual one block in so many has none where a file does not say
   */
  static void putWindows(GgufWriter writer, ModelConfig model, int usual) {
    int window = Windows.largest(model);
    List<LayerKind> kinds = model.traits().layers();
    String prefix = model.family().architecture() + ".attention.";
    writer.putUnsigned(prefix + "sliding_window", window);
    Positions positions =
        kinds.stream()
            .filter(kind -> kind.window() > 0)
            .map(LayerKind::positions)
            .findFirst()
            .orElse(Positions.GLOBAL);
    for (int pattern = 1; pattern <= kinds.size() + 1; pattern++) {
      int tried = pattern == 1 ? usual : pattern;
      if (Windows.everyOther(kinds.size(), tried, window, positions).equals(kinds)) {
        if (tried != usual) {
          writer.putUnsigned(prefix + "sliding_window_pattern", tried);
        }
        return;
      }
    }
    throw refusal("its layer_types, which follow no pattern");
  }

  private static NacelleException refusal(String what) {
    return NacelleException.input(
        "a GGUF file cannot say the model's " + what,
        "merge into a folder instead: leave --format gguf out");
  }
}
