package dev.nacelle;

/** The shape of every record of a data file; {@code --format} of the command line. */
public enum DataShape {
  /** Recognised for each record by its fields. */
  AUTO,
  /** {@code messages: [{role, content}]}. */
  MESSAGES,
  /** {@code conversations: [{from, value}]}. */
  SHAREGPT,
  /** {@code instruction}, optional {@code input}, {@code output}. */
  ALPACA,
  /** {@code prompt} and {@code completion}, two strings or two lists of messages. */
  PROMPT_COMPLETION,
  /** {@code text}. */
  TEXT
}
