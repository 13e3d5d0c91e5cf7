package dev.nacelle.model;

/** Llama 1 to 3.2 and what has its form, SmolLM2 among them. */
final class LlamaFamily {
  static final Family FAMILY =
      Family.like("llama", "Llama 1 to 3.2, SmolLM2", "LlamaForCausalLM", "llama", FamilyRules.NONE)
          .reading("mlp_bias")
          .withInterleavedRows();

  private LlamaFamily() {}
}
