package dev.nacelle.text.template;

import dev.nacelle.NacelleException;
import dev.nacelle.text.ChatTemplate;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Finds the chat template of a model. */
public final class ChatTemplates {
  private ChatTemplates() {}

  /**
   * The template of a Hugging Face folder: chat_template.jinja, else {@code chat_template} of
   * tokenizer_config.json (where it is a list, the one named {@code default}), with the special
   * tokens of that file; {@link PlainChatTemplate} where there is none.
   *
   * @throws NacelleException where a file is malformed or the template is not to be read
   */
  public static ChatTemplate load(Path modelFolder) {
    TokenizerConfig config = TokenizerConfig.read(modelFolder);
    @Nullable String source = config.chatTemplate();
    if (source == null) {
      return new PlainChatTemplate(config.tokenOrId("bos"), config.tokenOrId("eos"));
    }
    return JinjaChatTemplate.parse(source, config.specialTokens());
  }

  /** The source of that template; null where the folder brings none. */
  public static @Nullable String source(Path modelFolder) {
    return TokenizerConfig.read(modelFolder).chatTemplate();
  }

  /** Whether the folder brings a template of its own. */
  public static boolean hasTemplate(Path modelFolder) {
    return TokenizerConfig.read(modelFolder).chatTemplate() != null;
  }
}
