package dev.nacelle.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A fine-tuning as a process on a machine whose memory moves: the kernel's estimate, shown through
 * a file of our own, and a control group's limit. Losses are those of the run that had all it
 * wanted.
 */
final class MovingMemoryTest {
  private static final long MIB = 1L << 20;
  private static final int STEPS = 24;
  private static final long TOTAL = 4096 * MIB;

  /** What is left to everybody else: 256 MiB, or 5 % of the memory. */
  private static final long RESERVE = 256 * MIB;

  /** Where the machine's measurements are kept: taken once for both tests. */
  @TempDir private static Path cache;

  @TempDir private Path folder;
  private Path model;
  private Path data;

  @BeforeEach
  void makeModel() throws IOException {
    model = folder.resolve("model");
    data = RoomyJob.write(model);
  }

  @Test
  void followsWhatTheMachineHasToSpare() throws Exception {
    assumeTrue(Confined.canMount(), "no root here: a meminfo of our own cannot be mounted");
    List<Double> free = free();
    long peak = report("free").path("predicted_peak_bytes").asLong();
    long least = report("free").path("plan").path("minimum_bytes").asLong();
    assertTrue(least < 0.65 * peak, "peak " + peak + ", least " + least);

    long ample = peak + 64 * MIB;
    long shrunk = (long) (0.7 * ample);
    Path said = folder.resolve("moved.said");
    try (Confined process = new Confined().withMemory(folder, TOTAL, ample + RESERVE)) {
      SmallJvm.in(process, cache).start(said, command("moved"));
      while (process.isAlive()) {
        int step = lines(log("moved"));
        boolean little = step >= 6 && step < 14;
        // As a machine would: what this process gives back is there again for it.
        long own = process.anonymous();
        process.available(TOTAL, (little ? shrunk : ample) + RESERVE - own);
        Thread.sleep(1);
      }
      assertEquals(0, process.await(), Files.readString(said));
    }
    List<String> notes = notes(said);
    assertTrue(notes.size() >= 2, Files.readString(said));
    assertTrue(notes.getFirst().contains("may be held now"), notes.toString());
    assertTrue(notes.getLast().contains("keeping everything"), notes.toString());
    same(free, losses("moved"));
  }

  @Test
  void aGroupTooSmallIsRefusedAndASmallOneIsKept() throws Exception {
    assumeTrue(Confined.canGroup(), "no root here: a memory cgroup cannot be made");
    List<Double> free = free();
    long peak = report("free").path("predicted_peak_bytes").asLong();
    long least = report("free").path("plan").path("minimum_bytes").asLong();

    Path said = folder.resolve("tiny.said");
    try (Confined process = new Confined().inGroup(least - 16 * MIB)) {
      SmallJvm.in(process, cache).start(said, command("tiny"));
      assertEquals(4, process.await(), Files.readString(said));
      assertEquals(0, process.kills());
      assertTrue(Files.readString(said).contains("control group's limit"), Files.readString(said));
    }

    // Room comes in mid-run, and speed with it.
    said = folder.resolve("small.said");
    try (Confined process = new Confined().inGroup(least + (peak - least) / 3)) {
      SmallJvm.in(process, cache).start(said, command("small"));
      while (process.isAlive() && lines(log("small")) < 8) {
        Thread.sleep(2);
      }
      process.limit(peak + 64 * MIB);
      assertEquals(0, process.await(), Files.readString(said));
      assertEquals(0, process.kills());
    }
    List<String> notes = notes(said);
    assertTrue(notes.getLast().contains("keeping everything"), Files.readString(said));
    same(free, losses("small"));
  }

  /** Losses of a run that takes all it wants. */
  private List<Double> free() throws IOException, InterruptedException {
    Path said = folder.resolve("free.said");
    try (Confined process = SmallJvm.in(new Confined(), cache)) {
      assertEquals(0, process.start(said, command("free")).await(), Files.readString(said));
    }
    return losses("free");
  }

  private List<String> command(String name) {
    List<String> words =
        new ArrayList<>(
            List.of(
                ("finetune --threads 2 --batch-size 24 --max-length 512 --rank 4 --order file"
                        + " --steps "
                        + STEPS)
                    .split(" ")));
    words.addAll(List.of("--model", model.toString(), "--data", data.toString()));
    words.addAll(List.of("--out", folder.resolve(name).toString()));
    return SmallJvm.command(SmallJvm.NACELLE, words);
  }

  private Path log(String name) {
    return folder.resolve(name).resolve("log.jsonl");
  }

  private static int lines(Path log) throws IOException {
    if (!Files.exists(log)) {
      return 0;
    }
    try (Stream<String> all = Files.lines(log)) {
      return (int) all.count();
    }
  }

  private List<Double> losses(String name) throws IOException {
    List<Double> losses = new ArrayList<>();
    for (String line : Files.readAllLines(log(name))) {
      losses.add(new ObjectMapper().readTree(line).path("loss").asDouble());
    }
    return losses;
  }

  private JsonNode report(String name) throws IOException {
    return new ObjectMapper().readTree(folder.resolve(name).resolve("report.json").toFile());
  }

  /** What was said of changes of the plan. */
  private static List<String> notes(Path said) throws IOException {
    return Files.readAllLines(said).stream().filter(l -> l.contains("may be held now")).toList();
  }

  private static void same(List<Double> expected, List<Double> actual) {
    assertEquals(STEPS, expected.size());
    assertEquals(STEPS, actual.size());
    for (int i = 0; i < STEPS; i++) {
      int step = i + 1;
      assertEquals(
          expected.get(i),
          actual.get(i),
          2e-6,
          () -> String.format(Locale.ROOT, "step %d: %s, %s", step, expected, actual));
    }
  }
}
