package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The machine is measured once, and anew where what was measured is another. */
final class CalibrationTest {
  private static final String MAIN = "dev.nacelle.cli.CalibrationMain";

  @TempDir private Path cache;

  @Test
  void isMeasuredOnceAndKept() throws IOException {
    List<String> notes = new ArrayList<>();
    Calibration first = Calibration.of(cache, MAIN, 2, notes::add);
    assertEquals(1, notes.size());
    assertEquals(first, Calibration.of(cache, MAIN, 2, notes::add));
    assertEquals(1, notes.size(), "measured twice");
    ProcessCost cost = first.process();
    assertTrue(cost.run() > 30L << 20 && cost.run() < 400L << 20, cost.toString());
    assertTrue(cost.runPerToken() > 5 && cost.runPerToken() < 500, cost.toString());
    assertTrue(cost.runBytes(128_000, 2) > cost.runBytes(1_000, 2), cost.toString());
    assertEquals(
        List.of("archives", "code", "heap", "libraries", "native", "stacks"),
        cost.kinds().keySet().stream().sorted().toList());
    MachineSpeed speed = first.speed();
    for (double rate :
        new double[] {
          speed.bytes().copy(),
          speed.bytes().between(),
          speed.bytes().betweenBackward(),
          speed.bytes().paging()
        }) {
      assertTrue(rate > 1e8, speed.toString());
    }
    assertTrue(speed.attention().flops() > 1e6, speed.toString());
    assertTrue(speed.lowRank().seconds(4e6, 64e6) > 1e-5, speed.toString());
    assertTrue(speed.logit() >= 0 && speed.logit() < 1e-6, speed.toString());
    assertTrue(speed.whole() >= 0.6 && speed.whole() <= 2, speed.toString());
    for (String form : List.of("fp32", "bf16", "q4_0", "q4_1", "q8_0", "q6_k", "q5_1")) {
      assertTrue(speed.product(form, true, 576, 1536, 1, 1) > 0, form + " " + speed);
      assertTrue(
          speed.product(form, false, 4096, 4096, 512, 1) < 4096.0 * 4096 * 1024 / 1e7,
          form + " " + speed);
    }
    for (String fact : List.of("jvm", "flags", "processor", "classes", "measured", "load")) {
      assertNotEquals("", first.provenance().getOrDefault(fact, ""), fact);
    }

    Path file;
    try (Stream<Path> files = Files.list(cache.resolve("calibration"))) {
      file = files.findFirst().orElseThrow();
    }
    Files.writeString(file, Files.readString(file).replace("\"run\"", "\"ran\""));
    assertTrue(Calibration.of(cache, MAIN, 2, notes::add).process().run() > 0);
    assertEquals(2, notes.size(), "a damaged file was believed");
  }

  @Test
  void whatABusyMachineSaidCountsUntilItIsCalmer() {
    assertTrue(Calibration.isCalmer("4.0", 2));
    assertFalse(Calibration.isCalmer("4.0", 2.5), "as busy as before");
    assertFalse(Calibration.isCalmer("0.8", 0), "was calm");
    assertFalse(Calibration.isCalmer(null, 0), "nobody knows");
    assertFalse(Calibration.isCalmer("much", 0), "damaged");
  }

  @Test
  void flagsOfThisJvmAreThoseBeforeItsMainClass() {
    List<String> words =
        List.of(
            "java",
            "-Xmx64m",
            "-cp",
            "a:b",
            "-XX:+UseSerialGC",
            "-Dx=y",
            "-Xlog:all=off:stderr",
            "dev.nacelle.cli.Main",
            "finetune",
            "--budget",
            "-Xmx1g");
    assertEquals(List.of("-Xmx64m", "-XX:+UseSerialGC", "-Dx=y"), JvmCommand.flags(words));
    JvmCommand small = new JvmCommand(Path.of("java"), JvmCommand.flags(words));
    JvmCommand large = new JvmCommand(Path.of("java"), List.of("-Xmx1g", "-XX:+UseSerialGC"));
    assertEquals("-XX:+UseSerialGC", small.identity());
    assertEquals(small.identity(), large.identity());
  }
}
