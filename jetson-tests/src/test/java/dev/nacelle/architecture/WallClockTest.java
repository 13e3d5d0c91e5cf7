package dev.nacelle.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The wall clock may be set while a run goes on, back or forward: a board without a battery gets
 * the time when its network comes up. So nothing that lasts is measured by it. Rates, pauses,
 * progress and energy go by {@code System.nanoTime}, which nobody can set.
 */
final class WallClockTest {
  private static final Pattern WALL_CLOCK =
      Pattern.compile(
          "currentTimeMillis|Instant\\.now|startInstant|Date(Time)?\\.now|LocalTime\\.now"
              + "|Clock\\.system|new Date\\(");

  /** Who may ask what time it is, because that is what it tells. */
  private static final Set<String> TELL_THE_TIME =
      Set.of(
          // The age of a process at its start; what follows is counted by nanoTime.
          "BenchTrainCommand.java",
          // When this machine was measured.
          "Calibration.java",
          // A Retry-After that names a date.
          "Attempts.java",
          // A template's strftime_now.
          "JinjaChatTemplate.java",
          "Strftime.java",
          // When a run was finished.
          "RunReport.java",
          // TensorBoard's wall time of an event.
          "ScalarEvents.java");

  @Test
  void nothingThatLastsIsMeasuredByIt() throws IOException {
    Set<String> ask = new TreeSet<>();
    int files = 0;
    for (String module :
        new String[] {"native-bindings", "kernels", "device-profiles", "runtime"}) {
      Path sources = Repository.root().resolve(module).resolve("src/main/java");
      try (Stream<Path> all = Files.walk(sources)) {
        for (Path file : all.filter(f -> f.toString().endsWith(".java")).toList()) {
          files++;
          if (WALL_CLOCK.matcher(Files.readString(file)).find()) {
            ask.add(file.getFileName().toString());
          }
        }
      }
    }
    assertTrue(files > 400, files + " files");
    assertEquals(new TreeSet<>(TELL_THE_TIME), ask);
  }
}
