package dev.nacelle.resuming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A long run of steps of random lengths in a process whose heap is fixed: what it holds outside the
 * heap stays flat. {@code mvn verify -Pendurance} takes 5,000 steps and asks for a slope below 1
 * KiB a step after the first 1,000; the suite takes few, in which the JVM is still compiling, and
 * asks for less.
 */
final class SoakTest {
  private static final int STEPS = Integer.getInteger("nacelle.soak.steps", 400);
  private static final boolean LONG = STEPS >= 5000;
  private static final int WARM_UP = LONG ? 1000 : STEPS / 2;
  private static final double MOST_KIB_A_STEP = LONG ? 1 : 16;

  @TempDir private Path folder;

  @Test
  void holdsNoMoreWithEachStep() throws IOException, InterruptedException {
    List<Path> data = Folders.data(folder.resolve("data"), 97);
    Path errors = folder.resolve("errors.txt");
    Process process =
        Child.start(
            errors,
            Map.of(),
            List.of("-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch"),
            List.of(
                SoakRun.class.getName(),
                folder.resolve("out").toString(),
                data.get(0).toString(),
                data.get(1).toString(),
                Integer.toString(STEPS)));
    List<long[]> lines = new ArrayList<>();
    try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        String[] parts = line.split(" ");
        long[] numbers = new long[parts.length];
        for (int i = 0; i < parts.length; i++) {
          numbers[i] = Long.parseLong(parts[i]);
        }
        if (numbers[0] > WARM_UP) {
          lines.add(numbers);
        }
      }
    }
    assertEquals(0, process.waitFor(), () -> read(errors));
    assertEquals((STEPS - WARM_UP) / 20, lines.size(), "measurements");
    double slope = slope(lines);
    System.out.printf(
        Locale.ROOT,
        "soak: %d steps, resident %d to %d KiB after the first %d, %.3f KiB a step;"
            + " %d native buffers, %d bytes in the ledger%n",
        STEPS,
        lines.getFirst()[1],
        lines.getLast()[1],
        WARM_UP,
        slope,
        lines.getLast()[2],
        lines.getLast()[3]);
    for (long[] line : lines) {
      assertEquals(lines.getFirst()[2], line[2], "native buffers after step " + line[0]);
      assertEquals(lines.getFirst()[3], line[3], "bytes in the ledger after step " + line[0]);
    }
    assertTrue(slope < MOST_KIB_A_STEP, "KiB a step: " + slope);
  }

  /** Of the least squares line through resident set over steps. */
  private static double slope(List<long[]> lines) {
    double meanX = lines.stream().mapToLong(l -> l[0]).average().orElseThrow();
    double meanY = lines.stream().mapToLong(l -> l[1]).average().orElseThrow();
    double above = 0;
    double below = 0;
    for (long[] line : lines) {
      above += (line[0] - meanX) * (line[1] - meanY);
      below += (line[0] - meanX) * (line[0] - meanX);
    }
    return above / below;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
