package dev.nacelle.text.gguf;

import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.text.Tokenizer;
import dev.nacelle.text.tokenizer.TokenizerJson;
import java.nio.file.Path;

/** Builds the tokenizer that a GGUF file describes. */
public final class GgufTokenizer {
  private GgufTokenizer() {}

  /**
   * @param file the GGUF file, for messages
   * @throws dev.nacelle.NacelleException of kind INPUT where the file asks for a tokenizer or a
   *     pre-tokenizer that we do not do, or contradicts itself
   */
  public static Tokenizer of(GgufVocabulary vocabulary, Path file) {
    return TokenizerJson.parse(GgufTokenizerJson.render(vocabulary, file), file);
  }
}
