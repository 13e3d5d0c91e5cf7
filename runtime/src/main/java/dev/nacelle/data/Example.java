package dev.nacelle.data;

import dev.nacelle.text.Message;
import java.util.List;

/** A record's content, whatever shape it was written in. */
public sealed interface Example {
  /**
   * Goes through the chat template.
   *
   * @param messages at least one
   * @param promptMessages how many messages at the front are given and never trained on
   */
  record Conversation(List<Message> messages, int promptMessages) implements Example {}

  /** Two strings that follow each other. */
  record Completion(String prompt, String completion) implements Example {}

  /** Plain text. */
  record Text(String text) implements Example {}
}
