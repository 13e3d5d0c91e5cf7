package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** SIGINT and SIGTERM, to processes of their own. */
final class SignalTest {
  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicTest> signals() {
    return Stream.of(
        DynamicTest.dynamicTest("SIGINT", () -> stopsAndResumes("INT", 130)),
        DynamicTest.dynamicTest("SIGTERM", () -> stopsAndResumes("TERM", 143)));
  }

  private void stopsAndResumes(String signal, int code) throws IOException, InterruptedException {
    Path out = folder.resolve("out " + signal);
    Path errors = folder.resolve("errors-" + signal);
    // A build that runs in the background of a shell hands down an ignored SIGINT.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT,TERM"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC"));
    command.addAll(List.of("dev.nacelle.cli.Main", "finetune", "--json"));
    command.addAll(List.of("--model", Fixtures.model("plain").toString()));
    command.addAll(
        List.of("--data", Fixtures.example("plain-qv").resolve("data.jsonl").toString()));
    command.addAll(List.of("--out", out.toString(), "--threads", "1", "--steps", "1000000"));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.redirectError(errors.toFile()).start();
    await(process, out.resolve("log.jsonl"), errors);
    long asked = System.nanoTime();
    assertEquals(
        0,
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor());
    boolean ended = process.waitFor(60, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly();
    }
    assertTrue(ended, "still running");
    double seconds = (System.nanoTime() - asked) * 1e-9;
    System.out.printf("signals: SIG%s ended it after %.2f s%n", signal, seconds);
    String said = Files.readString(errors);
    assertEquals(code, process.exitValue(), said);
    assertTrue(
        said.contains("./nacelle finetune --resume --out '" + out + "'"), "the command: " + said);
    assertFalse(said.contains("WARNING") || said.contains("\tat "), said);
    String json = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(json.contains(code == 130 ? "\"interrupted\"" : "\"terminated\""), json);
    long steps = Files.readAllLines(out.resolve("log.jsonl")).size();
    Outcome resumed =
        Outcome.of(
            "finetune", "--resume", "--out", out.toString(), "--steps", "" + (steps + 2), "--json");
    assertEquals(steps, resumed.expect(0).json().path("resumed_from_step").asLong(), resumed.err());
  }

  private static void await(Process process, Path log, Path errors)
      throws IOException, InterruptedException {
    for (int i = 0; i < 1200; i++) {
      if (Files.exists(log) && Files.size(log) > 0) {
        return;
      }
      assertTrue(process.isAlive(), () -> "it ended by itself: " + read(errors));
      Thread.sleep(50);
    }
    throw new AssertionError("no step in a minute: " + read(errors));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
