package dev.nacelle.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.nacelle.text.Encoding;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A megabyte without a space takes seconds at most: nothing is quadratic, nothing recurses. */
class LongWordTest {
  private static final int LENGTH = 1 << 20;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir private static Path folder;

  static List<String> names() {
    return List.of("gpt2", "llama3", "llama2", "unigram");
  }

  @ParameterizedTest
  @MethodSource("names")
  void oneWordOfAMegabyte(String name) throws IOException {
    Tokenizer tokenizer = Goldens.load(name, folder);
    Random random = new Random(11);
    StringBuilder letters = new StringBuilder(LENGTH);
    for (int i = 0; i < LENGTH; i++) {
      letters.append((char) ('a' + random.nextInt(26)));
    }
    String marks = "e\u0301\u0323".repeat(LENGTH / 8);
    for (String text :
        List.of(
            "a".repeat(LENGTH),
            letters.toString(),
            " ".repeat(LENGTH),
            "\n".repeat(LENGTH / 4),
            "=".repeat(LENGTH / 4),
            marks)) {
      assertTimeoutPreemptively(
          LIMIT,
          () -> {
            Encoding encoding = tokenizer.encode(text, false);
            for (int i = 1; i < encoding.length(); i++) {
              if (encoding.starts()[i] < encoding.starts()[i - 1]) {
                assertEquals(encoding.starts()[i - 1], encoding.starts()[i], "order at " + i);
              }
            }
          });
    }
  }
}
