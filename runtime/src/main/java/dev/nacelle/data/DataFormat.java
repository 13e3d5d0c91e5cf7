package dev.nacelle.data;

import dev.nacelle.NacelleException;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The shape of a record ({@code --format}). */
public enum DataFormat {
  /** Recognised for each record by its fields, in the order of the constants below. */
  AUTO("auto"),
  /** {@code messages: [{role, content}]}. */
  MESSAGES("messages"),
  /** {@code conversations: [{from, value}]}. */
  SHAREGPT("sharegpt"),
  /** {@code instruction}, optional {@code input}, {@code output}. */
  ALPACA("alpaca"),
  /** {@code prompt} and {@code completion}, two strings or two message lists. */
  PROMPT_COMPLETION("prompt-completion"),
  /** {@code text}. */
  TEXT("text");

  private final String word;

  DataFormat(String word) {
    this.word = word;
  }

  /** The word that the command line uses. */
  public String word() {
    return word;
  }

  /**
   * @throws NacelleException (usage) for an unknown word
   */
  public static DataFormat parse(String word) {
    for (DataFormat format : values()) {
      if (format.word.equals(word)) {
        return format;
      }
    }
    throw NacelleException.usage(
        "--format " + word + " is not known.",
        "Choose one of "
            + Arrays.stream(values()).map(DataFormat::word).collect(Collectors.joining(", "))
            + ".");
  }
}
