package dev.nacelle.data;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExampleParserTest {
  private static String refusal(byte[] json, DataFormat format) {
    return assertThrows(BadRecordException.class, () -> ExampleParser.parse(json, format))
        .getMessage()
        .toLowerCase(Locale.ROOT);
  }

  private static byte[] utf8(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'text'                                                      | not json",
        "{'text': 'a'} x                                              | not json",
        "{'text': 'a'} {}                                             | follows",
        "['text']                                                     | an array, not a json object",
        "'text'                                                       | a string",
        "3                                                            | a number",
        "null                                                         | null",
        "{'text': 3}                                                  | text is a number",
        "{'text': null}                                               | no known shape",
        "{'text': ''}                                                 | text is empty",
        "{'text': 'a', 'text': 'b'}                                   | twice",
        "{'text': NaN}                                                | not json",
        "{'text': 'a',}                                               | not json",
        "{text: 'a'}                                                  | not json",
        "{'body': 'a', 'id': 1}                                       | has body, id",
        "{}                                                           | has nothing",
        "{'prompt': 'a'}                                              | no known shape",
        "{'prompt': 'a', 'completion': ''}                            | completion is empty",
        "{'prompt': '', 'completion': 'a'}                            | prompt is empty",
        "{'prompt': 'a', 'completion': [1]}                           | both",
        "{'prompt': [], 'completion': []}                             | prompt is empty",
        "{'instruction': '', 'output': 'a'}                           | instruction is empty",
        "{'instruction': 'a', 'output': ''}                           | output is empty",
        "{'instruction': 'a', 'output': 'b', 'input': 3}              | input is a number",
        "{'messages': {}}                                             | messages is an object",
        "{'messages': []}                                             | messages is empty",
        "{'messages': [3]}                                            | messages[0] is a number",
        "{'messages': [{'content': 'a'}]}                             | messages[0].role is missing",
        "{'messages': [{'role': 'user'}]}                             | messages[0].content is missing",
        "{'messages': [{'role': 'user', 'content': null}]}            | messages[0].content is null",
        "{'messages': [{'role': 'user', 'content': ''}]}              | messages[0].content is empty",
        "{'messages': [{'role': 'bot', 'content': 'a'}]}              | `bot`, none of",
        "{'messages': [{'role': 3, 'content': 'a'}]}                  | messages[0].role is a number",
        "{'messages': [{'role': 'user', 'role': 'user', 'content': 'a'}]} | duplicate",
        "{'conversations': [{'from': 'dog', 'value': 'a'}]}           | `dog`",
      })
  void badRecordsSayWhy(String json, String expected) {
    String message = refusal(utf8(json.strip().replace('\'', '"')), DataFormat.AUTO);
    assertTrue(message.contains(expected.strip().replace('`', '"')), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "C3",
        "C328",
        "80",
        "FF",
        "C0AF",
        "E08080",
        "EDA080",
        "EDBFBF",
        "F08080AF",
        "F4908080",
        "F5808080",
        "E282"
      })
  void invalidUtf8IsRefused(String hex) {
    byte[] bad = HexFormat.of().parseHex(hex);
    byte[] json = utf8("{\"text\": \"a" + "#".repeat(bad.length) + "b\"}");
    System.arraycopy(bad, 0, json, 11, bad.length);
    assertTrue(refusal(json, DataFormat.AUTO).contains("utf-8"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\\ud800",
        "\\uDC00",
        "\\ud800x",
        "\\ud83d\\u0041",
        "\\\\\\ud800",
        "\\ude00\\ud83d"
      })
  void loneSurrogatesAreRefusedInAnyField(String escape) {
    assertTrue(refusal(utf8("{\"text\": \"" + escape + "\"}"), DataFormat.AUTO).contains("surrog"));
    assertTrue(
        refusal(utf8("{\"text\": \"a\", \"id\": \"" + escape + "\"}"), DataFormat.AUTO)
            .contains("surrog"));
  }

  @Test
  void utf16IsRefusedWithAHint() {
    byte[] json = "{\"text\": \"a\"}".getBytes(StandardCharsets.UTF_16LE);
    assertTrue(refusal(json, DataFormat.AUTO).contains("utf-16"));
  }

  @Test
  void wholeSurrogatePairsAndEscapedBackslashesAreRead() throws BadRecordException {
    Example example =
        ExampleParser.parse(
            utf8("{\"text\": \"\\ud83d\\ude00 \\\\ud800 \uD83D\uDE00 \u00e9\"}"), DataFormat.AUTO);
    assertEquals(new Example.Text("\uD83D\uDE00 \\ud800 \uD83D\uDE00 \u00e9"), example);
  }

  @Test
  void deepNestingIsRefusedNotOverflown() {
    for (String open : new String[] {"[", "{\"a\":"}) {
      String deep = "{\"id\": " + open.repeat(1_000_000);
      assertTrue(refusal(utf8(deep), DataFormat.AUTO).contains("nesting"));
    }
  }

  @Test
  void theFirstShapeOfTheTableWins() throws BadRecordException {
    byte[] json =
        utf8(
            """
            {"text": "t", "prompt": "p", "completion": "c", "instruction": "i", "output": "o",
            "messages": null}""");
    assertInstanceOf(Example.Conversation.class, ExampleParser.parse(json, DataFormat.AUTO));
    assertEquals(
        new Example.Completion("p", "c"), ExampleParser.parse(json, DataFormat.PROMPT_COMPLETION));
    assertEquals(new Example.Text("t"), ExampleParser.parse(json, DataFormat.TEXT));
    assertTrue(refusal(json, DataFormat.MESSAGES).contains("\"messages\" of the shape messages"));
  }

  @Test
  void formatsAreParsedByTheirWords() {
    for (DataFormat format : DataFormat.values()) {
      assertEquals(format, DataFormat.parse(format.word()));
    }
    assertThrows(dev.nacelle.NacelleException.class, () -> DataFormat.parse("csv"));
  }

  @Test
  void emptySystemAndToolTextsAreAllowed() {
    assertDoesNotThrow(
        () ->
            ExampleParser.parse(
                utf8(
                    """
                    {"messages": [{"role": "system", "content": ""},
                    {"role": "user", "content": "a"}, {"role": "tool", "content": ""}]}"""),
                DataFormat.AUTO));
  }
}
