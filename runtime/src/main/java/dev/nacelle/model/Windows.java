package dev.nacelle.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.JsonObject;
import dev.nacelle.layer.Positions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Sliding windows in config.json: {@code sliding_window} and {@code layer_types}. */
final class Windows {
  private static final String SLIDING = "sliding_attention";
  private static final String FULL = "full_attention";

  private Windows() {}

  /**
   * The window; 0 for none.
   *
   * @param fallback where the key is absent; null in the file means none
   */
  static int size(JsonObject config, int fallback) {
    JsonNode value = config.node().get("sliding_window");
    if (value == null) {
      return fallback;
    }
    return (int) config.integer("sliding_window", 0, 1, Integer.MAX_VALUE);
  }

  /**
   * Which blocks have a window.
   *
   * @param rule what holds where the file has no {@code layer_types}
   */
  static List<Boolean> slidingLayers(JsonObject config, int layers, IntPredicate rule) {
    List<String> types = config.strings("layer_types");
    if (types == null) {
      return IntStream.range(0, layers).mapToObj(rule::test).toList();
    }
    if (types.size() != layers) {
      throw config.error(
          "layer_types", "has " + types.size() + " entries, and num_hidden_layers is " + layers);
    }
    for (String type : types) {
      if (!type.equals(SLIDING) && !type.equals(FULL)) {
        throw config.refusal("layer_types", "layers are " + FULL + " or " + SLIDING);
      }
    }
    return types.stream().map(SLIDING::equals).toList();
  }

  /**
   * Blocks with a window of one size and others without.
   *
   * @param positions of those with a window
   */
  static List<LayerKind> kinds(List<Boolean> sliding, int window, Positions positions) {
    List<LayerKind> kinds = new ArrayList<>();
    for (boolean slides : sliding) {
      kinds.add(slides ? new LayerKind(window, positions) : LayerKind.PLAIN);
    }
    return kinds;
  }

  /** One block in so many, the last, has no window. */
  static List<LayerKind> everyOther(int layers, int pattern, int window, Positions positions) {
    return kinds(
        IntStream.range(0, layers).mapToObj(i -> (i + 1) % pattern != 0).toList(),
        window,
        positions);
  }

  /** Whether any block's window hides something within the model's context. */
  static boolean matter(ModelConfig model) {
    return model.traits().layers().stream()
        .anyMatch(kind -> kind.window() > 0 && kind.window() < model.maxPositionEmbeddings());
  }

  /** The largest window; 0 for none. */
  static int largest(ModelConfig model) {
    return model.traits().layers().stream().mapToInt(LayerKind::window).max().orElse(0);
  }

  /** Writes {@code sliding_window} and {@code layer_types}. */
  static void put(ObjectNode json, ModelConfig model) {
    int window = largest(model);
    if (window == 0) {
      json.putNull("sliding_window");
    } else {
      json.put("sliding_window", window);
    }
    ArrayNode types = json.putArray("layer_types");
    for (LayerKind kind : model.traits().layers()) {
      types.add(kind.window() > 0 ? SLIDING : FULL);
    }
  }
}
