package dev.nacelle.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.JsonObject;

/** Granite 3: a Llama with four multipliers. */
final class GraniteFamily implements FamilyRules {
  static final Family FAMILY =
      Family.like("granite", "Granite", "GraniteForCausalLM", "granite", new GraniteFamily())
          .reading(
              "mlp_bias",
              "attention_multiplier",
              "embedding_multiplier",
              "residual_multiplier",
              "logits_scaling")
          .withInterleavedRows();

  private GraniteFamily() {}

  @Override
  public Traits fromConfig(JsonObject config, ModelConfig sizes) {
    return sizes
        .traits()
        .withAttention(config.positive("attention_multiplier", 1), 0)
        .withStream(
            config.positive("embedding_multiplier", 1), config.positive("residual_multiplier", 1))
        .withLogits(config.positive("logits_scaling", 1), 0);
  }

  @Override
  public Traits fromGguf(GgufSettings settings, ModelConfig sizes) {
    settings.refuseWindow();
    if (!settings.flag("rope.scaling.finetuned", true)) {
      throw settings.error("rope.scaling.finetuned", "is false; such a Granite turns nothing");
    }
    return sizes
        .traits()
        .withAttention(settings.positive("attention.scale", sizes.traits().attentionScale()), 0)
        .withStream(settings.positive("embedding_scale", 1), settings.positive("residual_scale", 1))
        .withLogits(settings.positive("logit_scale", 1), 0);
  }

  @Override
  public void toConfig(ObjectNode json, ModelConfig model) {
    Traits traits = model.traits();
    json.put("mlp_bias", model.mlpBias());
    json.put("attention_multiplier", traits.attentionScale());
    json.put("embedding_multiplier", traits.embeddingScale());
    json.put("residual_multiplier", traits.residualScale());
    json.put("logits_scaling", traits.logitDivisor());
  }

  @Override
  public void toGguf(GgufWriter writer, ModelConfig model) {
    Traits traits = model.traits();
    writer.put("granite.attention.scale", (float) traits.attentionScale());
    writer.put("granite.embedding_scale", (float) traits.embeddingScale());
    writer.put("granite.residual_scale", (float) traits.residualScale());
    writer.put("granite.logit_scale", (float) traits.logitDivisor());
  }
}
