package dev.nacelle.text.template;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The special tokens of a model as text; null for those that it does not have.
 *
 * @param bos begins a text
 * @param eos ends a text or a turn
 * @param pad fills a batch
 * @param unk stands for what the vocabulary cannot spell
 */
public record SpecialTokens(
    @Nullable String bos, @Nullable String eos, @Nullable String pad, @Nullable String unk) {
  /**
   * Reads a Hugging Face folder: tokenizer_config.json and special_tokens_map.json name the tokens;
   * for bos, eos and pad that neither mentions, the ids of generation_config.json and config.json
   * are looked up among the added tokens.
   *
   * @throws dev.nacelle.NacelleException where one of these files is there and malformed
   */
  public static SpecialTokens load(Path folder) {
    TokenizerConfig config = TokenizerConfig.read(folder);
    Map<String, String> named = config.specialTokens();
    return new SpecialTokens(
        config.tokenOrId("bos"),
        config.tokenOrId("eos"),
        config.tokenOrId("pad"),
        named.get("unk_token"));
  }
}
