package dev.nacelle.text.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.text.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Ids worked out by hand from nineteen tokens and five merges. */
final class GgufTokenizerTest {
  private static final Path FILE = Path.of("tiny.gguf");
  private static final List<String> TOKENS =
      List.of(
          "<|end|>", "<tool>", "h", "e", "l", "o", "Ġ", "w", "r", "d", "1", "2", "he", "ll", "hell",
          "Ġw", "12", "<", ">");
  private static final int[] TYPES = {3, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

  private static GgufVocabulary vocabulary(
      String model, @Nullable String pre, List<String> merges, @Nullable Boolean addBos) {
    return new GgufVocabulary(
        model,
        pre,
        TOKENS,
        TYPES,
        new float[0],
        merges,
        new GgufVocabulary.SpecialIds(0, 0, -1, -1, -1, -1),
        new GgufVocabulary.Habits(addBos, null, null, false, false, false, false),
        null,
        List.of());
  }

  private static final List<String> MERGES = List.of("h e", "l l", "he ll", "Ġ w", "1 2");

  private static void assertIds(GgufVocabulary vocabulary, String text, int... ids) {
    Tokenizer tokenizer = GgufTokenizer.of(vocabulary, FILE);
    assertArrayEquals(ids, tokenizer.encode(text, true).ids(), text);
    assertEquals(text, tokenizer.decode(ids, true), text);
  }

  @Test
  void mergesAndDigits() {
    GgufVocabulary smollm = vocabulary("gpt2", "smollm", MERGES, false);
    assertIds(smollm, "hello world", 14, 5, 15, 5, 8, 4, 9);
    assertIds(smollm, "he 12", 12, 6, 10, 11);
    GgufVocabulary gpt2 = vocabulary("gpt2", "gpt-2", MERGES, null);
    assertIds(gpt2, "he12", 12, 16);
  }

  @Test
  void specialTokensAndTheBeginning() {
    Tokenizer tokenizer = GgufTokenizer.of(vocabulary("gpt2", "smollm", MERGES, true), FILE);
    assertArrayEquals(new int[] {0, 12, 0, 1}, tokenizer.encode("he<|end|><tool>", true).ids());
    assertArrayEquals(new int[] {12, 1}, tokenizer.encode("he<tool>", false).ids());
    assertTrue(tokenizer.isSpecial(0));
    assertEquals("he<tool>", tokenizer.decode(new int[] {0, 12, 0, 1}, true));
    assertEquals(TOKENS.size(), tokenizer.vocabularySize());
  }

  @Test
  void whatWeDoNotIsRefusedByName() {
    refused(vocabulary("rwkv", null, MERGES, null), "tokenizer.ggml.model is 'rwkv'");
    refused(vocabulary("llama", null, MERGES, null), "scores' is missing or empty");
    refused(vocabulary("gemma4", null, List.of(), null), "merges' is missing or empty");
    refused(vocabulary("gpt2", "kimi-k2", MERGES, null), "tokenizer.ggml.pre is 'kimi-k2'");
    refused(vocabulary("gpt2", null, MERGES, null), "tokenizer.ggml.pre is missing");
    refused(vocabulary("gpt2", "smollm", List.of(), null), "merges' is missing or empty");
    refused(vocabulary("gpt2", "smollm", List.of("h x"), null), "tiny.gguf");
  }

  private static void refused(GgufVocabulary vocabulary, String said) {
    NacelleException e =
        assertThrows(NacelleException.class, () -> GgufTokenizer.of(vocabulary, FILE));
    assertEquals(3, e.kind().exitCode());
    assertTrue(String.valueOf(e.getMessage()).contains(said), e.getMessage());
  }
}
