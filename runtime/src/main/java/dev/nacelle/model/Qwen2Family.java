package dev.nacelle.model;

/** Qwen 2 and 2.5: biases on queries, keys and values. */
final class Qwen2Family {
  static final Family FAMILY =
      Family.like("qwen2", "Qwen2, Qwen2.5", "Qwen2ForCausalLM", "qwen2", new QwenRules())
          .with(Layout.LLAMA.with(Layout.Biases.INPUTS))
          .with(new Family.Defaults(32, 0, 32_768, 1e-6, 10_000, false, "silu"))
          .reading(QwenRules.KEYS);

  private Qwen2Family() {}
}
