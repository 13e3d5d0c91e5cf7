package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.kernels.cuda.EmulationBuild;
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
 * CUDA sources under AddressSanitizer and UBSan, in a Java process of their own with the sanitizer
 * loaded first. {@code -Dnacelle.sanitized.every=1} runs every case of the matrix instead of one of
 * 23.
 */
final class SanitizedEmulationTest {
  private static final int EVERY = Integer.getInteger("nacelle.sanitized.every", 23);
  private static final int MINUTES = 30;

  @TempDir private Path folder;
  private String library = "";
  private String sanitizer = "";

  @BeforeEach
  void build() throws Exception {
    EmulationBuild.Built built = EmulationBuild.build(true);
    if (built.library() == null) {
      System.out.println("skipped: " + built.reason());
    }
    assumeTrue(built.library() != null, built.reason());
    library = Objects.requireNonNull(built.library()).toString();
    Process asked = new ProcessBuilder("g++", "-print-file-name=libasan.so").start();
    sanitizer = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    boolean there = Files.exists(Path.of(sanitizer));
    String reason = "g++ has no libasan.so (Debian, Ubuntu: apt-get install libgcc-12-dev)";
    if (!there) {
      System.out.println("skipped: " + reason);
    }
    assumeTrue(there, reason);
  }

  private SanitizedJvm.Ended run(String... words) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of(library));
    arguments.addAll(List.of(words));
    return SanitizedJvm.run(folder, MINUTES, sanitizer, List.of(), SanitizedMain.class, arguments);
  }

  @Test
  void casesRunWithoutAFinding() throws Exception {
    SanitizedJvm.Ended ended = run(Integer.toString(EVERY));
    assertEquals(0, ended.code(), ended.text());
    int runs = 0;
    int operators = 0;
    for (String line : ended.text().split("\n")) {
      if (line.startsWith("sanitized ")) {
        runs += Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
        operators++;
      }
    }
    System.out.println(
        "AddressSanitizer and UBSan: " + runs + " runs of " + operators + " operators");
    assertEquals(Operators.all().size(), operators);
    assertTrue(runs >= RUNS / EVERY, "only " + runs + " runs");
  }

  /** Forward and backward, contiguous and unaligned, of every case and type. */
  private static final int RUNS = 9000;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nk_probe_global_end|use-after-poison",
        "nk_probe_shared_end|use-after-poison",
        "nk_probe_crooked|misaligned address"
      })
  void findsWhatIsWrong(String kernel, String words) throws Exception {
    SanitizedJvm.Ended right = run("probe", kernel, "0");
    assertEquals(0, right.code(), right.text());
    SanitizedJvm.Ended wrong = run("probe", kernel, "1");
    assertNotEquals(0, wrong.code(), wrong.text());
    boolean named = wrong.text().contains(words) || wrong.text().contains("is not aligned as one");
    assertTrue(named, wrong.text());
  }
}
