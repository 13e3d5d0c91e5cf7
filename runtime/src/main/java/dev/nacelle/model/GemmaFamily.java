package dev.nacelle.model;

import dev.nacelle.file.JsonObject;

/** Gemma 1: a GELU gate, norm weights counted from one, embeddings times √C. */
final class GemmaFamily implements FamilyRules {
  static final Family FAMILY =
      Family.like("gemma", "Gemma 1", "GemmaForCausalLM", "gemma", new GemmaFamily())
          .with(Layout.LLAMA.asGemma())
          .with(new Family.Defaults(16, 256, 8192, 1e-6, 10_000, true, "gelu_pytorch_tanh"));

  private GemmaFamily() {}

  @Override
  public Traits fromConfig(JsonObject config, ModelConfig sizes) {
    return scaled(sizes);
  }

  @Override
  public Traits fromGguf(GgufSettings settings, ModelConfig sizes) {
    return scaled(sizes);
  }

  /** A plain model's traits with the embeddings as every Gemma has them. */
  static Traits scaled(ModelConfig sizes) {
    return sizes.traits().withStream(Math.sqrt(sizes.hiddenSize()), 1);
  }
}
