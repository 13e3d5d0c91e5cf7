package dev.nacelle.model;

import java.util.Set;

/**
 * What sets a family of models apart, as data: one {@link DecoderModel} is assembled from it.
 *
 * @param name as config.json has it in {@code model_type}
 * @param title for people
 * @param modelClass the class of transformers that config.json names
 * @param architecture as GGUF has it in {@code general.architecture}; also what its keys begin with
 * @param layout of its blocks
 * @param defaults what config.json may leave out
 * @param interleaved whether GGUF keeps the rows of queries and keys interleaved within each head
 * @param keys of config.json that the rules read, and that other families must not have
 * @param rules read and write what is the family's own
 */
public record Family(
    String name,
    String title,
    String modelClass,
    String architecture,
    Layout layout,
    Defaults defaults,
    boolean interleaved,
    Set<String> keys,
    FamilyRules rules) {

  /**
   * What transformers assumes where config.json is silent.
   *
   * @param kvHeads 0 for as many as query heads
   * @param headDim 0 for hidden size ÷ heads
   * @param activation the feed-forward's, by transformers' name
   */
  public record Defaults(
      int kvHeads,
      int headDim,
      int context,
      double rmsNormEps,
      double ropeTheta,
      boolean tied,
      String activation) {
    static final Defaults LLAMA = new Defaults(0, 0, 2048, 1e-6, 10_000, false, "silu");
  }

  public Family {
    keys = Set.copyOf(keys);
  }

  /** Names of a family as they differ; everything else as a Llama has it. */
  static Family like(
      String name, String title, String modelClass, String architecture, FamilyRules rules) {
    return new Family(
        name,
        title,
        modelClass,
        architecture,
        Layout.LLAMA,
        Defaults.LLAMA,
        false,
        Set.of(),
        rules);
  }

  Family with(Layout other) {
    return new Family(
        name, title, modelClass, architecture, other, defaults, interleaved, keys, rules);
  }

  Family with(Defaults other) {
    return new Family(
        name, title, modelClass, architecture, layout, other, interleaved, keys, rules);
  }

  Family reading(String... configKeys) {
    return new Family(
        name,
        title,
        modelClass,
        architecture,
        layout,
        defaults,
        interleaved,
        Set.of(configKeys),
        rules);
  }

  Family withInterleavedRows() {
    return new Family(name, title, modelClass, architecture, layout, defaults, true, keys, rules);
  }

  @Override
  public String toString() {
    return name;
  }
}
