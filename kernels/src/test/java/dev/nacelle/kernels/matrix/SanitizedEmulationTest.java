package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.cuda.EmulationBuild;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

  private record Ended(int code, String text) {}

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

  /** Where our own classes are, whatever class loader the tests have. */
  private static String classPath() {
    return Stream.of(SanitizedMain.class, Kernels.class, NativeBuffer.class)
        .map(
            c ->
                Path.of(
                    URI.create(c.getProtectionDomain().getCodeSource().getLocation().toString())))
        .map(Path::toString)
        .distinct()
        .collect(Collectors.joining(File.pathSeparator));
  }

  private Ended run(String... words) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-cp",
                classPath(),
                SanitizedMain.class.getName(),
                library));
    command.addAll(List.of(words));
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("LD_PRELOAD", sanitizer);
    // The JVM handles faults itself, and frees nothing at its end.
    builder
        .environment()
        .put(
            "ASAN_OPTIONS",
            "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0");
    builder.environment().put("UBSAN_OPTIONS", "print_stacktrace=1");
    Process process = builder.start();
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IllegalStateException("no end within " + MINUTES + " minutes");
    }
    return new Ended(process.exitValue(), Files.readString(log));
  }

  @Test
  void casesRunWithoutAFinding() throws Exception {
    Ended ended = run(Integer.toString(EVERY));
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
    Ended right = run("probe", kernel, "0");
    assertEquals(0, right.code(), right.text());
    Ended wrong = run("probe", kernel, "1");
    assertNotEquals(0, wrong.code(), wrong.text());
    boolean named = wrong.text().contains(words) || wrong.text().contains("is not aligned as one");
    assertTrue(named, wrong.text());
  }
}
