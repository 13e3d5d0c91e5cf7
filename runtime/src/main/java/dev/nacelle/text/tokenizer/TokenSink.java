package dev.nacelle.text.tokenizer;

/** Takes tokens in their order. */
interface TokenSink {
  /**
   * @param id the token
   * @param start first unit of the text that it stands for
   * @param end the unit after the last
   */
  void token(int id, int start, int end);
}
