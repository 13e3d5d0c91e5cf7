package dev.nacelle.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Message;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class SampleEncoderTest {
  private final ToyText tokenizer = new ToyText();

  private Reading read(String json, ChatTemplate template, TrainOn trainOn, int maxLength) {
    SampleEncoder encoder =
        new SampleEncoder(
            tokenizer,
            template,
            OptionalInt.of(ToyText.EOS),
            new TokenizeOptions(maxLength, trainOn, DataFormat.AUTO, false));
    try {
      return encoder.encode(
          ExampleParser.parse(json.getBytes(StandardCharsets.UTF_8), DataFormat.AUTO));
    } catch (BadRecordException e) {
      throw new AssertionError(e);
    }
  }

  private String marked(String json, ChatTemplate template, TrainOn trainOn, int maxLength) {
    Reading reading = read(json, template, trainOn, maxLength);
    return tokenizer.marked(assertInstanceOf(Reading.Kept.class, reading).sample());
  }

  private String marked(String json) {
    return marked(json, ToyText.CHATML, TrainOn.COMPLETIONS, 512);
  }

  private static final String TWO_TURNS =
      """
      {"messages": [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hi"},
      {"role": "assistant", "content": "Hello you"}, {"role": "user", "content": "So"},
      {"role": "assistant", "content": "Good"}]}""";

  @Test
  void everyAssistantTurnIsTrainedWithItsEndTokenAndNotTheNewlineBehind() {
    assertEquals(
        """
        <|im_start|>system
        Be kind<|im_end|>
        <|im_start|>user
        Hi<|im_end|>
        <|im_start|>assistant
        [Hello you<|im_end|>]
        <|im_start|>user
        So<|im_end|>
        <|im_start|>assistant
        [Good<|im_end|>]
        """,
        marked(TWO_TURNS));
  }

  @Test
  void allTrainsEverythingButTheFirstToken() {
    String text = marked(TWO_TURNS, ToyText.CHATML, TrainOn.ALL, 512);
    assertTrue(text.startsWith("<|im_start|>[system\nBe"), text);
    assertTrue(text.endsWith("Good<|im_end|>\n]"), text);
  }

  @Test
  void withoutSpecialTokensATurnEndsWithItsRendering() {
    assertEquals(
        "user: Hi\nassistant:[ Hello you\n]user: So\nassistant:[ Good\n]",
        marked(TWO_TURNS, withoutSystem(ToyText.PLAIN), TrainOn.COMPLETIONS, 512));
  }

  private static ChatTemplate withoutSystem(ChatTemplate template) {
    return (messages, prompt) ->
        template.render(messages.stream().filter(m -> !m.role().equals("system")).toList(), prompt);
  }

  @Test
  void aTokenThatBeginsBeforeTheTurnIsNotTrained() {
    // The prompt ends within a word: "assis" + "Yes" is one run of letters.
    ChatTemplate glued =
        (messages, prompt) -> {
          StringBuilder text = new StringBuilder();
          for (Message m : messages) {
            text.append(m.role().equals("assistant") ? " say" : " ask").append(m.content());
          }
          return text + (prompt ? " say" : "");
        };
    String json =
        """
        {"messages": [{"role": "user", "content": "A"},
        {"role": "assistant", "content": "Yes sir"}]}""";
    assertEquals(" askA sayYes[ sir]", marked(json, glued, TrainOn.COMPLETIONS, 512));
  }

  @Test
  void shareGptAndAlpacaAreConversations() {
    assertEquals(
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n[Yo<|im_end|>]\n",
        marked(
            """
            {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yo"}]}"""));
    assertEquals(
        "<|im_start|>user\nAdd\n\none two<|im_end|>\n<|im_start|>assistant\n[three<|im_end|>]\n",
        marked(
            """
            {"instruction": "Add", "input": "one two", "output": "three", "other": [1]}"""));
    assertEquals(
        "<|im_start|>user\nAdd<|im_end|>\n<|im_start|>assistant\n[three<|im_end|>]\n",
        marked("{\"instruction\": \"Add\", \"input\": \"\", \"output\": \"three\"}"));
  }

  @Test
  void promptAndCompletionAreTokenisedAsOne() {
    assertEquals(
        "<|bos|>two words[ then more<|eos|>]",
        marked("{\"prompt\": \"two words\", \"completion\": \" then more\"}"));
    // "wor" + "ds" is one token; the prompt alone has three, so targets begin at the fourth.
    assertEquals(
        "<|bos|>two words[<|eos|>]", marked("{\"prompt\": \"two wor\", \"completion\": \"ds\"}"));
    assertEquals(
        "<|bos|>[two words<|eos|>]",
        marked(
            "{\"prompt\": \"two wor\", \"completion\": \"ds\"}", ToyText.CHATML, TrainOn.ALL, 512));
  }

  @Test
  void anEosThatIsThereAlreadyIsNotDoubled() {
    assertEquals(
        "<|bos|>two[ words<|eos|>]",
        marked("{\"prompt\": \"two\", \"completion\": \" words<|eos|>\"}"));
    assertEquals("<|bos|>[one<|eos|>]", marked("{\"text\": \"one<|eos|>\"}"));
  }

  @Test
  void promptListsGoThroughTheTemplateAndAreNotTrained() {
    assertEquals(
        """
        <|im_start|>user
        A<|im_end|>
        <|im_start|>assistant
        B<|im_end|>
        <|im_start|>user
        C<|im_end|>
        <|im_start|>assistant
        [D<|im_end|>]
        """,
        marked(
            """
            {"prompt": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"},
            {"role": "user", "content": "C"}],
            "completion": [{"role": "assistant", "content": "D"}]}"""));
  }

  @Test
  void textIsTrainedWhollyAndEnds() {
    assertEquals("<|bos|>[one two<|eos|>]", marked("{\"text\": \"one two\"}"));
  }

  @Test
  void theLongIsCutAtItsEnd() {
    assertEquals(
        "<|bos|>two words[ then]",
        marked(
            "{\"prompt\": \"two words\", \"completion\": \" then more\"}",
            ToyText.CHATML,
            TrainOn.COMPLETIONS,
            4));
    Reading.Dropped dropped =
        assertInstanceOf(
            Reading.Dropped.class, read(TWO_TURNS, ToyText.CHATML, TrainOn.COMPLETIONS, 10));
    assertTrue(dropped.truncated());
    assertEquals(10, dropped.ids().length);
  }

  @Test
  void turnsBehindTheCutAreNotRendered() {
    StringBuilder json = new StringBuilder("{\"messages\": [");
    for (int i = 0; i < 4000; i++) {
      json.append(i == 0 ? "" : ",")
          .append("{\"role\":\"user\",\"content\":\"a\"},")
          .append("{\"role\":\"assistant\",\"content\":\"b\"}");
    }
    int[] calls = {0};
    ChatTemplate counting =
        (messages, prompt) -> {
          calls[0]++;
          return ToyText.CHATML.render(messages, prompt);
        };
    assertTrue(
        marked(json + "]}", counting, TrainOn.COMPLETIONS, 20)
            .endsWith("]\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant"));
    assertTrue(calls[0] < 10, calls[0] + " renderings");
  }

  @Test
  void nothingToTrainOnIsDropped() {
    Reading.Dropped dropped =
        assertInstanceOf(
            Reading.Dropped.class,
            read(
                "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}",
                ToyText.CHATML,
                TrainOn.COMPLETIONS,
                512));
    assertFalse(dropped.truncated());
  }

  @Test
  void aTemplateThatRewritesIsRefusedByMessage() {
    String json =
        """
        {"messages": [{"role": "user", "content": "A"},
        {"role": "assistant", "content": "(hm) B"}, {"role": "user", "content": "C"},
        {"role": "assistant", "content": "(hm) D"}]}""";
    NacelleException e =
        assertThrows(
            NacelleException.class, () -> read(json, ToyText.REWRITING, TrainOn.COMPLETIONS, 512));
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    assertTrue(String.valueOf(e.getMessage()).contains("message 1"), e.getMessage());
    assertTrue(marked(json, ToyText.REWRITING, TrainOn.ALL, 512).contains("(hm) D"));
  }

  @Test
  void aTemplateThatRefusesIsQuoted() {
    NacelleException e =
        assertThrows(
            NacelleException.class,
            () -> read(TWO_TURNS, ToyText.REFUSING, TrainOn.COMPLETIONS, 512));
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    assertTrue(String.valueOf(e.getMessage()).contains("must alternate"), e.getMessage());
  }

  @Test
  void aChatIsShownWithItsTrainedTokens() {
    SampleEncoder encoder = ToyText.encoder(ToyText.options(4));
    SampleEncoder.Chat chat =
        encoder.encodeChat(List.of(new Message("user", "A"), new Message("assistant", "B c")));
    assertEquals(
        "<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB c<|im_end|>\n", chat.text());
    // start, user, newline, A, end, newline, start, assistant, newline, B, c, end, newline
    assertEquals(13, chat.encoding().length());
    assertEquals("{9, 10, 11}", chat.trained().toString());
  }
}
