package dev.nacelle.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.JsonObject;
import dev.nacelle.layer.Positions;
import java.util.List;

/**
 * What Qwen 2 and 3 have in common: windows on the upper blocks, where a model uses them at all.
 */
final class QwenRules implements FamilyRules {
  static final String[] KEYS = {
    "sliding_window", "use_sliding_window", "max_window_layers", "layer_types"
  };

  /** What transformers assumes of both. */
  private static final int WINDOW = 4096;

  private static final int PLAIN_LAYERS = 28;

  @Override
  public Traits fromConfig(JsonObject config, ModelConfig sizes) {
    boolean used = config.bool("use_sliding_window", false);
    int window = used ? Windows.size(config, WINDOW) : 0;
    int plain = (int) config.integer("max_window_layers", PLAIN_LAYERS, 0, Integer.MAX_VALUE);
    List<Boolean> sliding =
        Windows.slidingLayers(config, sizes.layers(), i -> window > 0 && i >= plain);
    if (window == 0 && sliding.contains(true)) {
      throw config.error("layer_types", "has blocks with a window, and no window is in use");
    }
    return sizes.traits().with(Windows.kinds(sliding, window, Positions.GLOBAL));
  }

  @Override
  public Traits fromGguf(GgufSettings settings, ModelConfig sizes) {
    settings.refuseWindow();
    return sizes.traits();
  }

  @Override
  public void toConfig(ObjectNode json, ModelConfig model) {
    json.put("use_sliding_window", Windows.largest(model) > 0);
    Windows.put(json, model);
  }

  @Override
  public void toGguf(GgufWriter writer, ModelConfig model) {
    if (Windows.matter(model)) {
      throw NacelleException.input(
          "a GGUF file of this family cannot say the model's sliding window of "
              + Windows.largest(model)
              + " tokens",
          "merge into a folder instead: leave --format gguf out");
    }
  }
}
