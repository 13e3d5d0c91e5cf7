package dev.nacelle.text;

import java.util.OptionalInt;

/** Text to token ids and back, exactly as the model's own tokenizer does it. Safe for threads. */
public interface Tokenizer {
  /**
   * @param addSpecialTokens whether the post-processor adds its tokens (plain text: yes; text that
   *     a chat template rendered: no). Special tokens spelt inside the text are always recognised.
   */
  Encoding encode(String text, boolean addSpecialTokens);

  /** The text of the ids; special tokens are left out when {@code skipSpecialTokens}. */
  String decode(int[] ids, boolean skipSpecialTokens);

  /** The token as the vocabulary spells it. */
  String token(int id);

  OptionalInt id(String token);

  /** Whether the id is an added token marked special. */
  boolean isSpecial(int id);

  /** One more than the largest id. */
  int vocabularySize();
}
