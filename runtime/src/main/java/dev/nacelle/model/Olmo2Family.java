package dev.nacelle.model;

/** OLMo 2: norms behind both halves, and on queries and keys as wide as all heads. */
final class Olmo2Family implements FamilyRules {
  static final Family FAMILY =
      Family.like("olmo2", "OLMo 2", "Olmo2ForCausalLM", "olmo2", new Olmo2Family())
          .with(Layout.LLAMA.with(Layout.Norms.AFTER).with(Layout.HeadNormKind.WHOLE_WIDTH))
          .with(new Family.Defaults(0, 0, 2048, 1e-5, 10_000, false, "silu"));

  private Olmo2Family() {}

  /** With a window it would be an OLMo 3. */
  @Override
  public Traits fromGguf(GgufSettings settings, ModelConfig sizes) {
    settings.refuseWindow();
    return sizes.traits();
  }
}
