package dev.nacelle.file.pull;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole processes that pull: two at once, and one that is killed. */
@Timeout(400)
final class PullProcessTest {
  private static final String WEIGHTS = "model.safetensors";

  @TempDir private Path temporary;
  private FakeHub hub;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub();
    hub.tokenNeeded = true;
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Process pull(int number) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "dev.nacelle.cli.Main",
            "pull",
            "hf:org/repo",
            "--json");
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    builder.environment().put("NACELLE_CACHE", temporary.resolve("cache").toString());
    builder.environment().put("HF_HUB_CACHE", temporary.resolve("none").toString());
    builder.environment().put("HF_ENDPOINT", hub.endpoint());
    builder.environment().put("HF_TOKEN", FakeHub.TOKEN);
    builder.environment().put("HF_HUB_DOWNLOAD_TIMEOUT", "60");
    builder.redirectOutput(temporary.resolve("out" + number).toFile());
    builder.redirectError(temporary.resolve("err" + number).toFile());
    return builder.start();
  }

  private void finished(Process process, int number) throws Exception {
    assertTrue(process.waitFor(180, TimeUnit.SECONDS));
    String said =
        Files.readString(temporary.resolve("err" + number))
            + Files.readString(temporary.resolve("out" + number));
    assertEquals(0, process.exitValue(), said);
    assertFalse(said.contains(FakeHub.TOKEN), said);
    assertTrue(said.contains("\"license\":\"apache-2.0\""), said);
  }

  private Path folder() {
    return temporary.resolve("cache/models/hf/org--repo/" + FakeHub.COMMIT);
  }

  @Test
  void twoProcessesBringItOnce() throws Exception {
    byte[] weights = hub.model(3_000_000);
    List<Process> both = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      both.add(pull(i));
    }
    for (int i = 0; i < 2; i++) {
      finished(both.get(i), i);
    }
    assertEquals(1, hub.count("storage GET"));
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
  }

  @Test
  void aKilledProcessIsTakenUp() throws Exception {
    byte[] weights = hub.model(3_000_000);
    hub.fault(WEIGHTS, new FakeHub.Fault.Stall(2_000_000));
    Process first = pull(0);
    Path part = folder().resolve(".incoming").resolve(WEIGHTS);
    for (int i = 0; i < 1800 && !(Files.exists(part) && Files.size(part) == 2_000_000); i++) {
      Thread.sleep(100);
    }
    assertEquals(2_000_000, Files.size(part));
    first.destroyForcibly().waitFor();
    assertFalse(Files.exists(folder().resolve(WEIGHTS)));
    finished(pull(1), 1);
    assertEquals(1, hub.count("storage GET /model.safetensors bytes=2000000-"));
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
  }
}
