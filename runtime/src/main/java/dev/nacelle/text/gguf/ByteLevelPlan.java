package dev.nacelle.text.gguf;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufVocabulary;
import java.nio.file.Path;

/** GPT-2's kind, {@code gpt2}: pairs of tokens over an alphabet of bytes, text cut by a rule. */
final class ByteLevelPlan {
  private static final String DECODER =
      "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}";

  private ByteLevelPlan() {}

  static TokenizerPlan of(GgufVocabulary vocabulary, Path file) {
    String pre = vocabulary.pre();
    if (pre == null) {
      throw NacelleException.input(
          GgufRefusal.where(file)
              + "tokenizer.ggml.pre is missing: the file does not say how text is cut before its"
              + " merges, and a guess would give wrong ids",
          "convert the model anew with a converter that writes it, or use the model's Hugging Face"
              + " folder");
    }
    PreTokenizerRules.Rule rule = PreTokenizerRules.find(pre);
    if (rule == null) {
      throw GgufRefusal.unknown(file, "pre", pre, PreTokenizerRules.names());
    }
    if (vocabulary.merges().isEmpty()) {
      throw GgufRefusal.missing(file, "merges", "byte-level pairs need them");
    }
    return new TokenizerPlan(
        rule.normalizer(),
        rule.preTokenizer(),
        DECODER,
        rule.addBos(),
        false,
        json ->
            PairModel.write(
                json,
                vocabulary,
                new PairModel.Options(null, false, rule.ignoreMerges()),
                PairModel.listed(vocabulary, file)));
  }
}
