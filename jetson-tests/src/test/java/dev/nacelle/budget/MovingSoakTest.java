package dev.nacelle.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many steps under a budget that is drawn anew every ten: no step's peak, as the kernel counts it,
 * is over the budget of that step. {@code -Pendurance} takes 1,000 steps.
 */
final class MovingSoakTest {
  private static final int STEPS = Integer.getInteger("nacelle.moving.steps", 60);

  @TempDir private Path folder;

  @Test
  void noStepIsOver() throws Exception {
    Path model = folder.resolve("model");
    Path data = RoomyJob.write(model);
    long seed = System.nanoTime();
    List<String> command =
        SmallJvm.command(
            MovingRun.class.getName(),
            List.of(
                model.toString(),
                data.toString(),
                folder.resolve("out").toString(),
                Integer.toString(STEPS),
                "24",
                "512",
                Long.toString(seed)));
    Path said = folder.resolve("said");
    try (Confined process = SmallJvm.in(new Confined(), folder.resolve("cache"))) {
      assertEquals(0, process.start(said, command).await(), Files.readString(said));
    }
    List<String> lines = Files.readAllLines(said);
    JsonNode result = new ObjectMapper().readTree(lines.getLast());
    System.out.println("budget drawn anew with seed " + seed + ": " + summary(result));
    assertEquals(STEPS, result.path("steps").asInt());
    assertEquals(0, result.path("over").asInt(), "seed " + seed + ": " + summary(result));
    assertTrue(result.path("changes").asInt() > STEPS / 30, "seed " + seed + ": " + lines);
  }

  private static String summary(JsonNode result) {
    return "%d steps, %d over, at most %d bytes past, %d changes of plan, minimum %d MiB"
        .formatted(
            result.path("steps").asInt(),
            result.path("over").asInt(),
            result.path("most_over").asLong(),
            result.path("changes").asInt(),
            result.path("minimum").asLong() >> 20);
  }
}
