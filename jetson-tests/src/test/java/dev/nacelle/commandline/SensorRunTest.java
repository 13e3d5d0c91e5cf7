package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run beside sensors that stand in files: its energy, its pauses, and sensors that vanish. */
final class SensorRunTest {
  private static final String ROOT = "NACELLE_DEVICE_ROOT";

  @TempDir private Path folder;
  private Path root = Path.of("");
  private Path out = Path.of("");

  @BeforeEach
  void aBoard() throws IOException {
    root = Files.createDirectories(folder.resolve("board"));
    out = folder.resolve("out");
    System.setProperty(ROOT, root.toString());
  }

  @AfterEach
  void thisMachine() {
    System.clearProperty(ROOT);
  }

  private void write(String path, Object text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text + "\n");
  }

  private void rails() throws IOException {
    write("sys/class/hwmon/hwmon3/name", "ina3221");
    write("sys/class/hwmon/hwmon3/in1_label", "VDD_IN");
    write("sys/class/hwmon/hwmon3/in1_input", 5000);
    write("sys/class/hwmon/hwmon3/curr1_input", 2000);
  }

  private void zone(int milliCelsius) throws IOException {
    write("sys/class/thermal/thermal_zone0/type", "tj-thermal");
    write("sys/class/thermal/thermal_zone0/temp", milliCelsius);
  }

  private Outcome finetune(String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "finetune",
                "--model",
                Fixtures.model("plain").toString(),
                "--data",
                Fixtures.example("plain-qv").resolve("data.jsonl").toString(),
                "--out",
                out.toString(),
                "--threads",
                "1",
                "--rank",
                "2",
                "--json"));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new));
  }

  private List<JsonNode> log() throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(out.resolve("log.jsonl"))) {
      lines.add(Outcome.JSON.readTree(line));
    }
    return lines;
  }

  /** Does something once the log holds so many lines. */
  private Future<Boolean> after(int steps, ExecutorService executor, Callable<Boolean> act) {
    return LogWatch.after(steps, out, executor, act);
  }

  @Test
  void energyIsPowerTimesTime() throws IOException {
    rails();
    JsonNode report = finetune("--steps", "4").expect(0).json();
    double joules = 0;
    long tokens = 0;
    for (JsonNode line : log()) {
      double step = line.path("joules").asDouble();
      // 10 W all the time; what lies around the step itself takes a little more.
      assertTrue(step >= 10 * line.path("seconds").asDouble(), line.toString());
      assertTrue(step <= 10 * (line.path("seconds").asDouble() + 0.5), line.toString());
      assertEquals(
          step / line.path("tokens").asLong(), line.path("joules_per_token").asDouble(), 1e-12);
      joules += step;
      tokens += line.path("tokens").asLong();
    }
    assertEquals(joules, report.path("joules").asDouble(), 1e-9);
    assertEquals(joules / tokens, report.path("joules_per_token").asDouble(), 1e-12);
    assertEquals("ina3221 VDD_IN", report.path("energy_source").asText());
    assertTrue(Files.readString(out.resolve("report.html")).contains(" J a token"));
    assertFalse(report.has("hottest_celsius") || report.has("throttled"), report.toString());
  }

  @Test
  void withoutSensorsTheFieldsAreAbsent() throws IOException {
    Outcome run = finetune("--steps", "2", "--max-temperature", "60").expect(0);
    for (JsonNode line : log()) {
      assertFalse(line.has("joules") || line.has("joules_per_token"), line.toString());
    }
    JsonNode report = run.json();
    for (String field :
        List.of("joules", "joules_per_token", "energy_source", "hottest_celsius", "throttled")) {
      assertFalse(report.has(field), field);
    }
    assertEquals(1, run.err().split("no temperature can be read here", -1).length - 1, run.err());
  }

  @Test
  void aSensorThatVanishesIsNotedOnce() throws Exception {
    goesOnWithoutSensors(
        "the sensor was gone",
        () -> {
          Files.delete(root.resolve("sys/class/hwmon/hwmon3/curr1_input"));
          Files.delete(root.resolve("sys/class/thermal/thermal_zone0/temp"));
          return true;
        });
  }

  /** Sensors that say what is no number, and one that a folder stands in place of. */
  @Test
  void garbageIsNoReading() throws Exception {
    goesOnWithoutSensors(
        "17 mA is no reading",
        () -> {
          write("sys/class/hwmon/hwmon3/curr1_input", "\u0000\u0001 -- 17 mA\u00ff");
          Path zone = root.resolve("sys/class/thermal/thermal_zone0/temp");
          Files.delete(zone);
          Files.createDirectory(zone);
          return true;
        });
  }

  /** A run whose meter and thermometer go after three steps: each is noted once, and it goes on. */
  private void goesOnWithoutSensors(String why, Callable<Boolean> loss) throws Exception {
    rails();
    zone(50_000);
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Future<Boolean> lost = after(3, executor, loss);
      Outcome run = finetune("--steps", "400", "--max-temperature", "80").expect(0);
      assertTrue(lost.get());
      assertEquals(1, run.err().split("cannot be read any more", -1).length - 1, run.err());
      assertEquals(1, run.err().split("no temperature can be read", -1).length - 1, run.err());
      List<JsonNode> lines = log();
      assertEquals(400, lines.size());
      assertTrue(lines.getFirst().has("joules"));
      assertFalse(lines.getLast().has("joules"), why);
      assertEquals(50, run.json().path("hottest_celsius").asDouble());
    }
  }

  /** A meter that is read again after an absence: energy is back, and no step has that of two. */
  @Test
  void aSensorThatReturnsIsReadAgain() throws Exception {
    rails();
    Path current = root.resolve("sys/class/hwmon/hwmon3/curr1_input");
    try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
      Future<Boolean> gone = after(3, executor, () -> Files.deleteIfExists(current));
      Future<Boolean> back =
          after(
              60,
              executor,
              () -> {
                write("sys/class/hwmon/hwmon3/curr1_input", 2000);
                return true;
              });
      Outcome run = finetune("--steps", "400").expect(0);
      assertTrue(gone.get() && back.get());
      assertEquals(1, run.err().split("cannot be read any more", -1).length - 1, run.err());
      List<JsonNode> lines = log();
      assertTrue(lines.getLast().has("joules"), "the sensor is back");
      long without = lines.stream().filter(line -> !line.has("joules")).count();
      assertTrue(without > 0 && without < 400, without + " steps without energy");
      for (JsonNode line : lines) {
        double joules = line.path("joules").asDouble();
        assertTrue(joules <= 10 * (line.path("seconds").asDouble() + 0.5), line.toString());
      }
    }
  }

  @Test
  void tooHotIsWaitedOut() throws IOException, InterruptedException, ExecutionException {
    zone(91_000);
    write("sys/class/thermal/cooling_device0/type", "cpufreq-cpu0");
    write("sys/class/thermal/cooling_device0/cur_state", 2);
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Future<Boolean> cooled =
          executor.submit(
              () -> {
                while (!Files.exists(out)) {
                  Thread.sleep(2);
                }
                Thread.sleep(1500);
                assertFalse(Files.exists(out.resolve("log.jsonl")), "a step was taken hot");
                zone(70_000);
                return true;
              });
      Outcome run = finetune("--steps", "3", "--max-temperature", "85.5").expect(0);
      assertTrue(cooled.get());
      assertTrue(run.err().contains("91.0 °C is above --max-temperature 85.5"), run.err());
      JsonNode report = run.json();
      assertTrue(report.path("paused_seconds").asDouble() > 0.2, report.toString());
      assertEquals(91, report.path("hottest_celsius").asDouble());
      assertEquals("[\"cpufreq-cpu0\"]", report.path("throttled").toString());
    }
    JsonNode resumed =
        Outcome.of(
                "finetune",
                "--resume",
                "--out",
                out.toString(),
                "--steps",
                "5",
                "--max-temperature",
                "75",
                "--json")
            .expect(0)
            .json();
    assertEquals(5, resumed.path("steps").asInt());
    assertEquals(0, resumed.path("paused_seconds").asDouble());
  }

  @Test
  void impossibleTemperatures() {
    for (String bad : List.of("0", "-5", "1000", "NaN", "hot", "Infinity")) {
      Outcome refused = finetune("--max-temperature", bad).expect(2);
      assertTrue(refused.err().contains("--max-temperature"), refused.err());
    }
  }
}
