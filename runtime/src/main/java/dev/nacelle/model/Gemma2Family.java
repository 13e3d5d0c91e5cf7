package dev.nacelle.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.JsonObject;
import dev.nacelle.layer.Positions;

/** Gemma 2: norms around both halves, a window on every other block, caps on scores and logits. */
final class Gemma2Family implements FamilyRules {
  /** What transformers and llama.cpp assume. */
  private static final int WINDOW = 4096;

  private static final double ATTENTION_CAP = 50;
  private static final double LOGIT_CAP = 30;
  private static final int PATTERN = 2;

  /** Blocks of the one model of the family whose scores have another scale in GGUF files. */
  private static final int LARGEST_LAYERS = 46;

  static final Family FAMILY =
      Family.like("gemma2", "Gemma 2", "Gemma2ForCausalLM", "gemma2", new Gemma2Family())
          .with(Layout.LLAMA.with(Layout.Norms.AROUND).asGemma())
          .with(new Family.Defaults(4, 256, 8192, 1e-6, 10_000, true, "gelu_pytorch_tanh"))
          .reading(
              "hidden_activation",
              "query_pre_attn_scalar",
              "attn_logit_softcapping",
              "final_logit_softcapping",
              "sliding_window",
              "layer_types");

  private Gemma2Family() {}

  @Override
  public Traits fromConfig(JsonObject config, ModelConfig sizes) {
    return GemmaFamily.scaled(sizes)
        .withAttention(
            GemmaScores.fromConfig(config),
            GemmaScores.cap(config, "attn_logit_softcapping", ATTENTION_CAP))
        .withLogits(1, GemmaScores.cap(config, "final_logit_softcapping", LOGIT_CAP))
        .with(
            Windows.kinds(
                Windows.slidingLayers(config, sizes.layers(), i -> (i + 1) % PATTERN != 0),
                Windows.size(config, WINDOW),
                Positions.GLOBAL));
  }

  @Override
  public Traits fromGguf(GgufSettings settings, ModelConfig sizes) {
    return GemmaFamily.scaled(sizes)
        .withAttention(
            GemmaScores.inGguf(sizes, LARGEST_LAYERS),
            settings.positive("attn_logit_softcapping", ATTENTION_CAP))
        .withLogits(1, settings.positive("final_logit_softcapping", LOGIT_CAP))
        .with(
            Windows.everyOther(
                sizes.layers(),
                settings.windowPattern(PATTERN),
                settings.whole("attention.sliding_window", WINDOW),
                Positions.GLOBAL));
  }

  @Override
  public void toConfig(ObjectNode json, ModelConfig model) {
    GemmaScores.toConfig(json, model);
    GemmaScores.putCap(json, "attn_logit_softcapping", model.traits().attentionCap());
    GemmaScores.putCap(json, "final_logit_softcapping", model.traits().logitCap());
    Windows.put(json, model);
  }

  @Override
  public void toGguf(GgufWriter writer, ModelConfig model) {
    GemmaScores.requireGguf(model, LARGEST_LAYERS);
    Traits traits = model.traits();
    GemmaScores.requireCap("attn_logit_softcapping", traits.attentionCap());
    GemmaScores.requireCap("final_logit_softcapping", traits.logitCap());
    writer.put("gemma2.attn_logit_softcapping", (float) traits.attentionCap());
    writer.put("gemma2.final_logit_softcapping", (float) traits.logitCap());
    GemmaScores.putWindows(writer, model, PATTERN);
  }
}
