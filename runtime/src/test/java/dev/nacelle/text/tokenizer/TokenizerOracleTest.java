package dev.nacelle.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.nacelle.text.Encoding;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random text against the reference library itself, in the shape that DJL packs it. It only ever
 * sees sound files: a damaged one makes it abort the JVM.
 */
class TokenizerOracleTest {
  private static final int TEXTS = 400;

  @TempDir private static Path folder;

  @Test
  void idsAndTextAreThoseOfTheReference() throws IOException {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("tokenizer oracle: -Dseed=" + seed);
    Random random = new Random(seed);
    int compared = 0;
    for (String name : Goldens.NAMES) {
      Tokenizer ours = Goldens.load(name, folder);
      try (HuggingFaceTokenizer reference =
          HuggingFaceTokenizer.newInstance(
              folder.resolve(name + ".json"), Map.of("truncation", "false", "padding", "false"))) {
        for (int i = 0; i < TEXTS; i++) {
          String text = HardText.draw(random, 60);
          String where = "-Dseed=" + seed + " " + name + " " + Refusal.quote(text) + " " + text;
          var expected = reference.encode(text, true, false);
          Encoding actual = ours.encode(text, true);
          int[] ids = Arrays.stream(expected.getIds()).mapToInt(Math::toIntExact).toArray();
          assertArrayEquals(ids, actual.ids(), where);
          assertEquals(reference.decode(expected.getIds()), ours.decode(ids, false), where);
          compared++;
        }
      }
    }
    assertEquals(TEXTS * Goldens.NAMES.size(), compared);
    assertTrue(compared >= 3_000);
  }
}
