package dev.nacelle.text.template;

import dev.nacelle.NacelleException;
import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Message;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The template of models that bring none. The text begins with the bos token where the model has
 * one; each turn is a header line, the content, the eos token after what the assistant said (its
 * end of turn), and an empty line:
 *
 * <pre>{@code
 * <s>### System:
 * Be brief.
 *
 * ### User:
 * Name a colour.
 *
 * ### Assistant:
 * Blue.</s>
 *
 * }</pre>
 *
 * <p>The generation prompt is the line {@code ### Assistant:}. Roles are system, user, assistant
 * and tool; content stands as it is.
 */
public final class PlainChatTemplate implements ChatTemplate {
  private static final List<String> ROLES = List.of("system", "user", "assistant", "tool");

  private final String bos;
  private final String eos;

  /**
   * @param bos begin-of-text token, null where the model has none
   * @param eos end-of-text token, null where the model has none
   */
  public PlainChatTemplate(@Nullable String bos, @Nullable String eos) {
    this.bos = bos == null ? "" : bos;
    this.eos = eos == null ? "" : eos;
  }

  @Override
  public String render(List<Message> messages, boolean addGenerationPrompt) {
    StringBuilder out = new StringBuilder(bos);
    for (Message message : messages) {
      if (!ROLES.contains(message.role())) {
        throw NacelleException.input(
            "The plain chat template does not know the role '" + message.role() + "'.",
            "Use one of " + String.join(", ", ROLES) + ".");
      }
      header(out, message.role()).append(message.content());
      out.append(message.role().equals("assistant") ? eos : "").append("\n\n");
    }
    return addGenerationPrompt ? header(out, "assistant").toString() : out.toString();
  }

  private static StringBuilder header(StringBuilder out, String role) {
    String name = role.substring(0, 1).toUpperCase(Locale.ROOT) + role.substring(1);
    return out.append("### ").append(name).append(":\n");
  }
}
