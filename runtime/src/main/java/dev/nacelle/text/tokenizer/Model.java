package dev.nacelle.text.tokenizer;

/**
 * Turns stretches of text into tokens of its vocabulary. Safe for threads; its sessions are not.
 */
interface Model {
  Vocabulary vocabulary();

  /** Work space for the pieces of one text. */
  Session open();

  /** Encodes one piece after another. */
  interface Session {
    /** Tokens of {@code text} from one unit to another, a text of its own, never empty. */
    void encode(String text, int from, int to, TokenSink sink);
  }
}
