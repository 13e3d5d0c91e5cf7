package dev.nacelle.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.JsonObject;
import dev.nacelle.layer.Positions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** SmolLM 3: every fourth block turns nothing, and knows positions by its mask alone. */
final class SmolLm3Family implements FamilyRules {
  private static final int INTERVAL = 4;

  static final Family FAMILY =
      Family.like("smollm3", "SmolLM3", "SmolLM3ForCausalLM", "smollm3", new SmolLm3Family())
          .with(new Family.Defaults(4, 0, 32_768, 1e-6, 2e6, true, "silu"))
          .reading(
              "mlp_bias",
              "no_rope_layers",
              "no_rope_layer_interval",
              "use_sliding_window",
              "sliding_window",
              "max_window_layers",
              "layer_types")
          .withInterleavedRows();

  private SmolLm3Family() {}

  @Override
  public Traits fromConfig(JsonObject config, ModelConfig sizes) {
    boolean used = config.bool("use_sliding_window", false);
    int window = used ? Windows.size(config, 0) : 0;
    List<Boolean> turning = turning(config, sizes.layers());
    List<Boolean> sliding =
        Windows.slidingLayers(config, sizes.layers(), i -> window > 0 && !turning.get(i));
    if (window == 0 && sliding.contains(true)) {
      throw config.error("layer_types", "has blocks with a window, and no window is in use");
    }
    List<LayerKind> kinds = new ArrayList<>();
    for (int i = 0; i < sizes.layers(); i++) {
      kinds.add(
          new LayerKind(
              sliding.get(i) ? window : 0, turning.get(i) ? Positions.GLOBAL : Positions.NONE));
    }
    return sizes.traits().with(kinds);
  }

  /** Whether each block has rotary positions; the key's name says the opposite of its ones. */
  private static List<Boolean> turning(JsonObject config, int layers) {
    String key = "no_rope_layers";
    if (!config.has(key)) {
      int interval = (int) config.integer("no_rope_layer_interval", INTERVAL, 1, Integer.MAX_VALUE);
      return IntStream.range(0, layers).mapToObj(i -> (i + 1) % interval != 0).toList();
    }
    List<Long> ones = config.integers(key, 0, 1);
    if (ones.size() < layers) {
      throw config.error(
          key, "has " + ones.size() + " entries, and num_hidden_layers is " + layers);
    }
    return ones.subList(0, layers).stream().map(one -> one == 1).toList();
  }

  @Override
  public Traits fromGguf(GgufSettings settings, ModelConfig sizes) {
    settings.refuseWindow();
    return sizes.traits().with(usual(sizes.layers()));
  }

  /** What readers of GGUF take for granted. */
  private static List<LayerKind> usual(int layers) {
    return IntStream.range(0, layers)
        .mapToObj(i -> (i + 1) % INTERVAL == 0 ? new LayerKind(0, Positions.NONE) : LayerKind.PLAIN)
        .toList();
  }

  @Override
  public void toConfig(ObjectNode json, ModelConfig model) {
    json.put("mlp_bias", model.mlpBias());
    json.put("use_sliding_window", false);
    ArrayNode ones = json.putArray("no_rope_layers");
    for (LayerKind kind : model.traits().layers()) {
      ones.add(kind.positions() == Positions.NONE ? 0 : 1);
    }
  }

  @Override
  public void toGguf(GgufWriter writer, ModelConfig model) {
    if (!model.traits().layers().equals(usual(model.layers()))) {
      throw NacelleException.input(
          "a GGUF file of this family cannot say the model's no_rope_layers: its readers turn all"
              + " blocks but every fourth, and none has a window",
          "merge into a folder instead: leave --format gguf out");
    }
  }
}
