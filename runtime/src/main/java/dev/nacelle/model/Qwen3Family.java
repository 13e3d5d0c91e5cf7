package dev.nacelle.model;

/** Qwen 3: a norm on every head of queries and keys. */
final class Qwen3Family {
  static final Family FAMILY =
      Family.like("qwen3", "Qwen3", "Qwen3ForCausalLM", "qwen3", new QwenRules())
          .with(Layout.LLAMA.with(Layout.HeadNormKind.EACH_HEAD))
          .with(new Family.Defaults(32, 128, 32_768, 1e-6, 10_000, false, "silu"))
          .reading(QwenRules.KEYS);

  private Qwen3Family() {}
}
