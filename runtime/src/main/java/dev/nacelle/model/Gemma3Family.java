package dev.nacelle.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.JsonObject;
import dev.nacelle.layer.Positions;

/**
 * The text models of Gemma 3: a norm on every head of queries and keys, and five blocks with a
 * window and rotary positions of their own to one without.
 */
final class Gemma3Family implements FamilyRules {
  /** What transformers and llama.cpp assume. */
  private static final int WINDOW = 4096;

  private static final int PATTERN = 6;
  private static final double LOCAL_THETA = 10_000;

  /** Blocks of the one model of the family whose scores have another scale in GGUF files. */
  private static final int LARGEST_LAYERS = 62;

  static final Family FAMILY =
      Family.like("gemma3_text", "Gemma 3", "Gemma3ForCausalLM", "gemma3", new Gemma3Family())
          .with(
              Layout.LLAMA.with(Layout.Norms.AROUND).with(Layout.HeadNormKind.EACH_HEAD).asGemma())
          .with(new Family.Defaults(4, 256, 131_072, 1e-6, 1e6, true, "gelu_pytorch_tanh"))
          .reading(
              "hidden_activation",
              "query_pre_attn_scalar",
              "final_logit_softcapping",
              "sliding_window",
              "sliding_window_pattern",
              "_sliding_window_pattern",
              "layer_types",
              "rope_local_base_freq");

  private Gemma3Family() {}

  @Override
  public Traits fromConfig(JsonObject config, ModelConfig sizes) {
    int pattern = (int) config.integer("sliding_window_pattern", PATTERN, 1, Integer.MAX_VALUE);
    return GemmaFamily.scaled(sizes)
        .withAttention(GemmaScores.fromConfig(config), 0)
        .withLogits(1, GemmaScores.cap(config, "final_logit_softcapping", 0))
        .withLocalTheta(localTheta(config))
        .with(
            Windows.kinds(
                Windows.slidingLayers(config, sizes.layers(), i -> (i + 1) % pattern != 0),
                Windows.size(config, WINDOW),
                Positions.LOCAL));
  }

  /** Newer files have rotary settings for each kind of block. */
  private static double localTheta(JsonObject config) {
    double top = config.positive("rope_local_base_freq", LOCAL_THETA);
    JsonObject all = config.object("rope_parameters");
    JsonObject own = all == null ? null : all.object("sliding_attention");
    if (own == null) {
      return top;
    }
    String type = own.string("rope_type");
    if (type != null && !type.equals("default")) {
      throw own.refusal("rope_type", "rotary positions of blocks with a window are default");
    }
    return own.positive("rope_theta", top);
  }

  @Override
  public Traits fromGguf(GgufSettings settings, ModelConfig sizes) {
    int window = settings.whole("attention.sliding_window", 0);
    String cap = "final_logit_softcapping";
    Traits traits =
        GemmaFamily.scaled(sizes)
            .withAttention(GemmaScores.inGguf(sizes, LARGEST_LAYERS), 0)
            .withLogits(1, settings.has(cap) ? settings.positive(cap, 0) : 0)
            .withLocalTheta(settings.positive("rope.freq_base_swa", LOCAL_THETA));
    return window == 0
        ? traits
        : traits.with(
            Windows.everyOther(
                sizes.layers(), settings.windowPattern(PATTERN), window, Positions.LOCAL));
  }

  @Override
  public void toConfig(ObjectNode json, ModelConfig model) {
    GemmaScores.toConfig(json, model);
    GemmaScores.putCap(json, "final_logit_softcapping", model.traits().logitCap());
    json.put("rope_local_base_freq", model.traits().localTheta());
    Windows.put(json, model);
  }

  @Override
  public void toGguf(GgufWriter writer, ModelConfig model) {
    GemmaScores.requireGguf(model, LARGEST_LAYERS);
    Traits traits = model.traits();
    if (traits.logitCap() > 0) {
      writer.put("gemma3.final_logit_softcapping", (float) traits.logitCap());
    }
    if (Windows.largest(model) > 0) {
      writer.put("gemma3.rope.freq_base_swa", (float) traits.localTheta());
      GemmaScores.putWindows(writer, model, PATTERN);
    }
  }
}
