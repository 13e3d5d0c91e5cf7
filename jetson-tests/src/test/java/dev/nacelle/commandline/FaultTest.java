package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** {@code NACELLE_FAULT}, in processes of their own: each ends as it would in earnest. */
final class FaultTest {
  /** A fault and the exit code that it must lead to. */
  private record Fault(String variable, int code) {}

  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicTest> faults() {
    return Stream.of(
            new Fault("save:1", 5),
            new Fault("save:2", 5),
            new Fault("step:2", 1),
            new Fault("read:1", 3),
            new Fault("alloc:30", 4),
            new Fault("nonsense", 2))
        .map(f -> DynamicTest.dynamicTest(f.variable, () -> run(f)));
  }

  private void run(Fault fault) throws IOException, InterruptedException {
    Path out = folder.resolve("out-" + fault.variable.replace(':', '-'));
    Path errors = folder.resolve("errors.txt");
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "dev.nacelle.cli.Main",
            "finetune",
            "--model",
            Fixtures.model("plain").toString(),
            "--data",
            Fixtures.example("plain-qv").resolve("data.jsonl").toString(),
            "--out",
            out.toString(),
            "--steps",
            "3",
            "--threads",
            "1");
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    builder.environment().put("NACELLE_FAULT", fault.variable);
    builder.redirectErrorStream(true).redirectOutput(errors.toFile());
    Process process = builder.start();
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "still running");
    String said = Files.readString(errors);
    assertEquals(fault.code, process.exitValue(), said);
    assertFalse(said.contains("\tat "), said);
    List<String> left = Fixtures.files(out);
    boolean hadBegun = !fault.variable.equals("nonsense") && !fault.variable.equals("read:1");
    if (left.contains("report.json")) {
      String report = Files.readString(out.resolve("report.json"));
      assertTrue(report.contains("\"status\" : \"failed\""), report);
    } else {
      assertFalse(left.contains("log.jsonl"), left.toString());
    }
    assertTrue(hadBegun || left.isEmpty(), left.toString());
    assertTrue(
        left.stream().noneMatch(f -> f.contains("nacelle-tmp") || f.startsWith(".")),
        left.toString());
    assertFalse(left.contains("adapter_config.json"), left.toString());
  }
}
