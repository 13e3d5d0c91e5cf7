package dev.nacelle.text.gguf;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.GgufVocabulary;

/** What stands beside a tokenizer.json in a Hugging Face folder, out of a GGUF vocabulary. */
public final class GgufTokenizerFiles {
  private GgufTokenizerFiles() {}

  /**
   * tokenizer_config.json: the special tokens by name, and the chat template.
   *
   * @param contextLength tokens that the model was made for
   */
  public static ObjectNode config(GgufVocabulary vocabulary, long contextLength) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("tokenizer_class", "PreTrainedTokenizerFast");
    token(json, "bos_token", vocabulary, vocabulary.ids().bos());
    token(json, "eos_token", vocabulary, vocabulary.ids().eos());
    token(json, "pad_token", vocabulary, vocabulary.ids().padding());
    token(json, "unk_token", vocabulary, vocabulary.ids().unknown());
    json.put("clean_up_tokenization_spaces", false);
    json.put("model_max_length", contextLength);
    if (vocabulary.chatTemplate() != null) {
      json.put("chat_template", vocabulary.chatTemplate());
    }
    return json;
  }

  private static void token(ObjectNode json, String name, GgufVocabulary vocabulary, int id) {
    if (id >= 0) {
      json.put(name, vocabulary.tokens().get(id));
    }
  }
}
