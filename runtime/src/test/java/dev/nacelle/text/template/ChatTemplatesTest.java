package dev.nacelle.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Templates and special tokens found in folders. */
class ChatTemplatesTest {
  private static final List<Message> CONVERSATION =
      List.of(new Message("user", "Hi"), new Message("assistant", "Hello"));
  private static final String SOURCE =
      "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m['content'] }}{{ eos_token }};"
          + "{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

  @TempDir Path folder;

  private void write(String file, String text) throws IOException {
    Files.writeString(folder.resolve(file), text);
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  @Test
  void readsTheTemplateOfTheTokenizerConfig() throws IOException {
    write(
        "tokenizer_config.json",
        "{\"bos_token\": {\"content\": \"<s>\", \"lstrip\": false}, \"eos_token\": \"</s>\","
            + " \"pad_token\": null, \"add_bos_token\": true, \"chat_template\": "
            + quoted(SOURCE)
            + "}");
    ChatTemplate template = ChatTemplates.load(folder);
    assertEquals(
        "<s>user:Hi</s>;assistant:Hello</s>;assistant:", template.render(CONVERSATION, true));
    assertEquals(new SpecialTokens("<s>", "</s>", null, null), SpecialTokens.load(folder));
    assertTrue(ChatTemplates.hasTemplate(folder));
  }

  @Test
  void theSeparateFileWins() throws IOException {
    write("tokenizer_config.json", "{\"chat_template\": \"old\", \"eos_token\": \"<e>\"}");
    write("chat_template.jinja", "new{{ eos_token }}{{ bos_token }}\n");
    assertEquals("new<e>", ChatTemplates.load(folder).render(CONVERSATION, false));
  }

  @Test
  void takesTheDefaultOfAList() throws IOException {
    write(
        "tokenizer_config.json",
        "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"t\"},"
            + " {\"name\": \"default\", \"template\": \"d\"}]}");
    assertEquals("d", ChatTemplates.load(folder).render(CONVERSATION, false));
    write(
        "tokenizer_config.json", "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"t\"}]}");
    NacelleException e = assertThrows(NacelleException.class, () -> ChatTemplates.load(folder));
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    assertTrue(String.valueOf(e.getMessage()).contains("rag"), e.getMessage());
  }

  @Test
  void withoutATemplateThePlainOneServes() throws IOException {
    write("generation_config.json", "{\"eos_token_id\": [2, 7]}");
    write("config.json", "{\"bos_token_id\": 1, \"eos_token_id\": 9}");
    write(
        "tokenizer.json",
        "{\"model\": {\"vocab\": {\"a\": 0}}, \"added_tokens\": [{\"id\": 1, \"content\":"
            + " \"<s>\"}, {\"id\": 2, \"content\": \"</s>\"}]}");
    ChatTemplate template = ChatTemplates.load(folder);
    assertInstanceOf(PlainChatTemplate.class, template);
    assertFalse(ChatTemplates.hasTemplate(folder));
    assertEquals(
        "<s>### User:\nHi\n\n### Assistant:\nHello</s>\n\n### Assistant:\n",
        template.render(CONVERSATION, true));
    SpecialTokens tokens = SpecialTokens.load(folder);
    assertEquals("</s>", tokens.eos());
    assertNull(tokens.pad());
    assertThrows(
        NacelleException.class,
        () -> template.render(List.of(new Message("narrator", "x")), false));
  }

  @Test
  void anExplicitNullIsNoToken() throws IOException {
    write("tokenizer_config.json", "{\"bos_token\": null, \"added_tokens_decoder\": {}}");
    write("special_tokens_map.json", "{\"bos_token\": \"<old>\", \"unk_token\": \"<unk>\"}");
    write("config.json", "{\"bos_token_id\": 1}");
    assertEquals(new SpecialTokens(null, null, null, "<unk>"), SpecialTokens.load(folder));
  }

  @Test
  void malformedFilesAreNamed() throws IOException {
    for (String text : List.of("[", "[]", "{\"bos_token\": [1]}", "{\"chat_template\": 5}")) {
      write("tokenizer_config.json", text);
      NacelleException e =
          assertThrows(NacelleException.class, () -> ChatTemplates.load(folder), text);
      assertEquals(NacelleException.Kind.INPUT, e.kind());
      assertTrue(String.valueOf(e.getMessage()).contains("tokenizer_config.json"), e.getMessage());
    }
    Files.write(folder.resolve("chat_template.jinja"), new byte[] {'a', (byte) 0xff});
    write("tokenizer_config.json", "{}");
    NacelleException e = assertThrows(NacelleException.class, () -> ChatTemplates.load(folder));
    assertTrue(String.valueOf(e.getMessage()).contains("UTF-8"), e.getMessage());
  }

  @Test
  void errorsSayWhereAndWhy() {
    TemplateException e =
        assertThrows(
            TemplateException.class,
            () ->
                JinjaChatTemplate.parse("\n\n{{ raise_exception('no system') }}", Map.of())
                    .render(CONVERSATION, false));
    assertEquals("The chat template refuses this conversation (line 3): no system", e.getMessage());
    assertEquals(3, e.line());
    assertEquals(3, e.kind().exitCode());
  }
}
