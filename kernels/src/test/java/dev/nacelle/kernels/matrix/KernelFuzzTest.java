package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.kernels.cpu.SanitizedBuild;
import dev.nacelle.kernels.registry.Operators;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random shapes, strides, attributes and numbers through every operator of the C library, under
 * AddressSanitizer and UBSan, in a Java process of their own. The usual run is short; the profile
 * {@code fuzz} has over 100,000 cases. {@code -Dnacelle.fuzz.seed=7} gives others.
 */
final class KernelFuzzTest {
  /** Cases of each operator. */
  private static final int CASES = Integer.getInteger("nacelle.fuzz.cases", 160);

  private static final long SEED = Long.getLong("nacelle.fuzz.seed", 20261129);
  private static final int MINUTES = 60;

  @TempDir private Path folder;
  private List<String> levels = List.of();
  private SanitizedBuild.Built built = new SanitizedBuild.Built(null, Path.of(""), "");

  @BeforeEach
  void build() throws Exception {
    levels = Levels.here(1).stream().map(library -> library.level().label()).toList();
    built = SanitizedBuild.build(levels);
    if (built.library() == null) {
      System.out.println("skipped: " + built.reason());
    }
    assumeTrue(built.library() != null, built.reason());
  }

  private SanitizedJvm.Ended run(Path library, String level, int cases, String... operators)
      throws IOException, InterruptedException {
    Path running = folder.resolve("running");
    List<String> arguments =
        new ArrayList<>(
            List.of(
                built.sanitizer().toString(),
                running.toString(),
                level,
                Long.toString(SEED),
                "0",
                Integer.toString(cases)));
    arguments.addAll(List.of(operators));
    SanitizedJvm.Ended ended =
        SanitizedJvm.run(
            folder,
            MINUTES,
            built.sanitizer().toString(),
            List.of("-DNACELLE_PRODUCTS=nacelle", "-Dnacelle.kernels.library=" + library),
            FuzzMain.class,
            arguments);
    if (ended.code() == 0 || !Files.exists(running)) {
      return ended;
    }
    String last = new String(Files.readAllBytes(running), StandardCharsets.UTF_8);
    last = last.substring(0, last.indexOf('\n') + 1);
    return new SanitizedJvm.Ended(ended.code(), last + ended.text());
  }

  @Test
  void randomCasesRunWithoutAFinding() throws Exception {
    System.out.println("fuzz: seed " + SEED + ", " + CASES + " cases of each operator, " + levels);
    SanitizedJvm.Ended ended =
        run(Objects.requireNonNull(built.library()), String.join(",", levels), CASES);
    assertEquals(0, ended.code(), ended.text());
    int operators = 0;
    int ran = 0;
    int backward = 0;
    int refused = 0;
    int compared = 0;
    for (String line : ended.text().split("\n", -1)) {
      if (line.startsWith("fuzzed ")) {
        String[] words = line.split(" ", -1);
        int own = Integer.parseInt(words[3]) + Integer.parseInt(words[4]);
        assertTrue(own >= CASES * 0.7, "too many cases were refused: " + line);
        operators++;
        ran += own;
        backward += Integer.parseInt(words[4]);
        refused += Integer.parseInt(words[5]);
        compared += Integer.parseInt(words[6]);
      }
    }
    System.out.printf(
        "fuzz: %d cases of %d operators ran without a finding, %d of them backward, %d compared by"
            + " layout; %d wrong calls were refused%n",
        ran, operators, backward, compared, refused);
    assertEquals(Operators.all().size(), operators);
    assertEquals(CASES * operators, ran + refused);
  }

  /** That the sanitizers are on and reach what they must: heap, stack, shifts. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "sum_of_squares | sum_of_squares/sum_of_squares.c"
            + " | nk_min(n, (block + 1) * NK_SQUARES_BLOCK)"
            + " | nk_min(n + 1, (block + 1) * NK_SQUARES_BLOCK)"
            + " | heap-buffer-overflow",
        "spike_pack | spike_pack/spike_pack.c"
            + " | to[(from + at) / 32] = word;"
            + " | to[(from + at) / 32 + 1] = word;"
            + " | heap-buffer-overflow",
        "dequantize_activation | quantize_activation/quantize_activation.c"
            + " | float out[NK_RUN + 4];"
            + " | float out[NK_RUN - 4];"
            + " | insufficient space for an object",
        "spike_pack | spike_pack/spike_pack.c"
            + " | (uint32_t)(s[at + i] != 0.0f) << i;"
            + " | (uint32_t)(s[at + i] != 0.0f) << (i + 1);"
            + " | shift exponent 32 is too large"
      })
  void aPlantedMistakeIsFound(
      String operator, String file, String right, String wrong, String words) throws Exception {
    Path library =
        SanitizedBuild.plant(new SanitizedBuild.Mistake(operator, file, right, wrong), folder);
    SanitizedJvm.Ended ended = run(library, "generic", 200, operator);
    assertNotEquals(0, ended.code(), ended.text());
    assertTrue(ended.text().contains(words), ended.text());
    assertTrue(ended.text().startsWith(operator + " case "), ended.text());
  }
}
