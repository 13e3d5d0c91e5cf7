package dev.nacelle.text.gguf;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.Quoted;
import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Tokenizer;
import dev.nacelle.text.template.JinjaChatTemplate;
import dev.nacelle.text.template.PlainChatTemplate;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What a GGUF file holds for text, whatever its model is: files with a vocabulary alone have it.
 *
 * @param tokenizer text to ids and back
 * @param template conversations to text; a plain one where the file brings none
 * @param eosId the token that ends a text; empty where the file names none
 */
public record GgufText(Tokenizer tokenizer, ChatTemplate template, OptionalInt eosId) {

  /**
   * @param path of the file, for messages
   * @throws NacelleException of kind INPUT where the tokenizer or the template is not to be read
   */
  public static GgufText read(GgufFile file, Path path) {
    GgufVocabulary vocabulary = GgufVocabulary.read(file);
    int eos = vocabulary.ids().eos();
    return new GgufText(
        GgufTokenizer.of(vocabulary, path),
        template(vocabulary, path),
        eos < 0 ? OptionalInt.empty() : OptionalInt.of(eos));
  }

  private static ChatTemplate template(GgufVocabulary vocabulary, Path path) {
    Map<String, String> special = new LinkedHashMap<>();
    name(special, "bos_token", vocabulary, vocabulary.ids().bos());
    name(special, "eos_token", vocabulary, vocabulary.ids().eos());
    name(special, "pad_token", vocabulary, vocabulary.ids().padding());
    name(special, "unk_token", vocabulary, vocabulary.ids().unknown());
    String source = vocabulary.chatTemplate();
    if (source != null) {
      return JinjaChatTemplate.parse(source, special);
    }
    if (!vocabulary.otherTemplates().isEmpty()) {
      throw NacelleException.input(
          Quoted.path(path)
              + ": it has chat templates named "
              + Quoted.name(String.join(", ", vocabulary.otherTemplates()))
              + ", and none in 'tokenizer.chat_template', which is the one that is used",
          "convert the model anew with a default template");
    }
    return new PlainChatTemplate(special.get("bos_token"), special.get("eos_token"));
  }

  private static void name(
      Map<String, String> special, String name, GgufVocabulary vocabulary, int id) {
    if (id >= 0) {
      special.put(name, vocabulary.spelling(id));
    }
  }
}
