package dev.nacelle.text;

import java.util.List;

/** Renders a conversation the way the model was taught to read it. */
public interface ChatTemplate {
  /**
   * @param addGenerationPrompt whether the header of the assistant's next turn is appended
   * @throws dev.nacelle.NacelleException with the template's own words where it refuses the
   *     conversation, or where it asks for what we do not do
   */
  String render(List<Message> messages, boolean addGenerationPrompt);
}
