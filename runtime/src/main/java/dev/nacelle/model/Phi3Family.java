package dev.nacelle.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.JsonObject;
import dev.nacelle.layer.Positions;
import java.util.Collections;

/** Phi 3: queries, keys and values from one layer, gate and up from another, LongRoPE. */
final class Phi3Family implements FamilyRules {
  static final Family FAMILY =
      Family.like("phi3", "Phi-3", "Phi3ForCausalLM", "phi3", new Phi3Family())
          .with(Layout.LLAMA.with(Layout.Biases.NONE).asFused())
          .with(new Family.Defaults(0, 0, 4096, 1e-5, 10_000, false, "silu"))
          .reading("sliding_window");

  private Phi3Family() {}

  @Override
  public Traits fromConfig(JsonObject config, ModelConfig sizes) {
    return windowed(sizes, Windows.size(config, 0));
  }

  @Override
  public Traits fromGguf(GgufSettings settings, ModelConfig sizes) {
    return windowed(sizes, settings.whole("attention.sliding_window", 0));
  }

  private static Traits windowed(ModelConfig sizes, int window) {
    LayerKind kind = new LayerKind(window, Positions.GLOBAL);
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
    if (model.ropeScaling() instanceof RopeScaling.LongRope rope) {
      json.put("original_max_position_embeddings", rope.originalContext());
    }
  }

  @Override
  public void toGguf(GgufWriter writer, ModelConfig model) {
    writer.putUnsigned("phi3.attention.sliding_window", Windows.largest(model));
  }
}
