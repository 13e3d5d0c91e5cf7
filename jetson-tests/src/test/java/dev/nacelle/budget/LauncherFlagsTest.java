package dev.nacelle.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the launcher gives the JVM for a budget, with a JVM that prints its arguments. */
final class LauncherFlagsTest {
  @TempDir private Path folder;

  @BeforeEach
  void launcherAndJava() throws IOException {
    // A surefire run begins in the module's folder.
    Path here = Path.of("").toAbsolutePath();
    Path root = Files.exists(here.resolve("nacelle")) ? here : here.resolveSibling("");
    Files.createDirectories(folder.resolve("lib"));
    executable(folder.resolve("nacelle"), Files.readString(root.resolve("nacelle")));
    Path bin = Files.createDirectories(folder.resolve("java home").resolve("bin"));
    Files.writeString(bin.resolveSibling("release"), "JAVA_VERSION=\"25.0.1\"\n");
    executable(
        bin.resolve("java"),
        "#!/bin/sh\nprintf '%s\\n' \"$@\"\necho arenas=${MALLOC_ARENA_MAX:-unset}\n");
  }

  private static void executable(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private List<String> run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(folder.resolve("nacelle").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("NACELLE_JAVA_HOME", folder.resolve("java home").toString());
    builder.environment().keySet().removeIf(k -> k.startsWith("MALLOC_"));
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said.lines().toList();
  }

  @ParameterizedTest
  @CsvSource({
    "512MiB, 85",
    "1.5GiB, 256",
    "2GB, 317",
    "300000000, 80",
    "900 MiB, 150",
    "0900mib, 150",
    "1TiB, 1024",
    "64KiB, 80",
    "0, 80",
    "1, 80",
  })
  void aBudgetBoundsTheHeap(String budget, int heap) throws Exception {
    for (List<String> words :
        List.of(List.of("--budget", budget), List.of("--budget=" + budget, "--data", "x y"))) {
      List<String> all = new ArrayList<>(List.of("finetune", "--model", "m"));
      all.addAll(words);
      List<String> said = run(all.toArray(String[]::new));
      assertTrue(said.contains("-Xmx" + heap + "m"), said.toString());
      assertTrue(said.contains("-XX:TieredStopAtLevel=1"), said.toString());
      assertTrue(said.contains("arenas=1"), said.toString());
      assertEquals(all, said.subList(said.size() - 1 - all.size(), said.size() - 1));
    }
  }

  @Test
  void aRunThatGoesOnRemembersItsBudget() throws Exception {
    Path out = folder.resolve("my out");
    Path memory = out.resolve("checkpoints").resolve("run.json");
    Files.createDirectories(memory.resolveSibling(""));
    Files.writeString(
        memory,
        """
        {
          "flags" : {
            "--budget" : [ "629145600" ],
            "--steps" : [ "7" ]
          }
        }
        """);
    List<String> said = run("finetune", "--resume", "--out", out.toString());
    assertTrue(said.contains("-Xmx100m"), said.toString());
    said = run("finetune", "--out=" + out, "--resume");
    assertTrue(said.contains("-Xmx100m"), said.toString());
    said = run("finetune", "--resume", "--out", out.toString(), "--budget", "512MiB");
    assertTrue(said.contains("-Xmx85m"), said.toString());
    said = run("finetune", "--out", out.toString());
    assertFalse(said.contains("-Xmx100m"), said.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"10XB", "-5", "1..5GiB", ".5GiB", "much", "", "99999999999999999999"})
  void whatIsNoSizeIsLeftToJava(String budget) throws Exception {
    List<String> said = run("finetune", "--budget", budget);
    assertEquals(heap(run("finetune")), heap(said), said.toString());
    assertEquals(budget, said.get(said.size() - 2));
  }

  private static String heap(List<String> said) {
    return said.stream().filter(l -> l.startsWith("-Xmx")).findFirst().orElse("");
  }

  @Test
  void whatLoadsAModelIsTheSameEachTimeWhatComputesInJavaIsFast() throws Exception {
    for (String[] words : new String[][] {{"finetune"}, {"eval", "--model", "m"}, {"plan"}}) {
      List<String> said = run(words);
      assertTrue(said.contains("-XX:TieredStopAtLevel=1"), said.toString());
      assertTrue(said.stream().anyMatch(l -> l.startsWith("-Xmx")), said.toString());
    }
    for (String[] words : new String[][] {{"merge"}, {"bench", "train"}, {"--version"}}) {
      List<String> said = run(words);
      assertFalse(said.contains("-XX:TieredStopAtLevel=1"), said.toString());
    }
    List<String> merge = run("merge", "--budget", "600MiB");
    assertTrue(merge.contains("-Xmx100m"), merge.toString());
    assertFalse(merge.contains("-XX:TieredStopAtLevel=1"), "merging computes in Java");
    assertFalse(run("doctor", "--budget", "600MiB").contains("-Xmx100m"));
  }
}
