package dev.nacelle.data;

import dev.nacelle.text.Message;
import java.util.List;
import java.util.stream.Collectors;

/** A record's content, whatever shape it was written in. */
public sealed interface Example {
  /** All that it says, turn after turn. */
  String text();

  /**
   * Goes through the chat template.
   *
   * @param messages at least one
   * @param promptMessages how many messages at the front are given and never trained on
   */
  record Conversation(List<Message> messages, int promptMessages) implements Example {
    @Override
    public String text() {
      return messages.stream().map(Message::content).collect(Collectors.joining("\n"));
    }
  }

  /** Two strings that follow each other. */
  record Completion(String prompt, String completion) implements Example {
    @Override
    public String text() {
      return prompt + completion;
    }
  }

  /** Plain text. */
  record Text(String text) implements Example {}
}
