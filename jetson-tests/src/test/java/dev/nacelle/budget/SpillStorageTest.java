package dev.nacelle.budget;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.commandline.LogWatch;
import dev.nacelle.commandline.Outcome;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Storage that is spilled into fills up or goes while a run works: exit 5, and nothing saved is
 * lost.
 */
final class SpillStorageTest {
  private static final String ADAPTER = "adapter_model.safetensors";
  private static final int STEPS = 16;

  @TempDir private Path folder;

  private List<String> job(Path out) throws IOException {
    Path model = folder.resolve("model");
    Path data = folder.resolve("long.jsonl");
    if (!Files.exists(data)) {
      data = RoomyJob.write(model);
    }
    List<String> job =
        new ArrayList<>(
            List.of(
                "finetune --max-length 384 --batch-size 2 --rank 4 --save-every 3 --json"
                    .split(" ")));
    job.addAll(List.of("--steps", Integer.toString(STEPS)));
    job.addAll(List.of("--model", model.toString(), "--data", data.toString()));
    job.addAll(List.of("--out", out.toString(), "--threads", "1"));
    return job;
  }

  /** The job with the least that it can do with, which spills. */
  private List<String> spilling(Path out) throws IOException {
    List<String> job = job(out);
    List<String> dry = new ArrayList<>(job);
    dry.add("--dry-run");
    long least = run(dry).expect(0).json().path("plan").path("minimum_bytes").asLong();
    job.addAll(List.of("--budget", Long.toString(least)));
    dry = new ArrayList<>(job);
    dry.add("--dry-run");
    JsonNode plan = run(dry).expect(0).json().path("plan");
    assertEquals(
        "activations_and_moments", plan.path("strategy").path("spill").asText(), plan.toString());
    return job;
  }

  private static Outcome run(List<String> arguments) {
    return Outcome.of(arguments.toArray(String[]::new));
  }

  private static boolean fill(Path file) throws IOException {
    byte[] piece = new byte[4096];
    try (OutputStream to = Files.newOutputStream(file)) {
      while (true) {
        to.write(piece);
      }
    } catch (IOException full) {
      return Files.size(file) > 0;
    }
  }

  private static void sh(String... command) throws IOException, InterruptedException {
    assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor(), command[0]);
  }

  @Test
  void aFullDiskEndsTheRunAndItGoesOnLater() throws Exception {
    Assumptions.assumeTrue(
        "root".equals(System.getProperty("user.name")), "a file system of its own needs root");
    Path disk = Files.createDirectory(folder.resolve("disk"));
    sh("mount", "-t", "tmpfs", "-o", "size=24m", "none", disk.toString());
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Path whole = folder.resolve("whole");
      run(spilling(whole)).expect(0);
      Path out = disk.resolve("out");
      Future<Boolean> filled = LogWatch.after(5, out, executor, () -> fill(disk.resolve("filler")));
      Outcome full = run(spilling(out)).expect(5);
      assertTrue(filled.get());
      JsonNode error = full.json().path("error");
      assertEquals("environment", error.path("code").asText());
      assertTrue(error.path("message").asText().contains(disk.toString()), error.toString());
      assertTrue(
          full.err().contains("./nacelle finetune --resume --out " + out), "how to go on: " + full);
      Files.delete(disk.resolve("filler"));
      Outcome resumed =
          run(List.of("finetune", "--resume", "--out", out.toString(), "--json")).expect(0);
      assertTrue(resumed.json().path("resumed_from_step").asInt() >= 3, resumed.out());
      assertArrayEquals(
          Files.readAllBytes(whole.resolve(ADAPTER)), Files.readAllBytes(out.resolve(ADAPTER)));
    } finally {
      sh("umount", disk.toString());
    }
  }

  /** A spill file has no name: a folder that is moved away in mid-run takes only the log along. */
  @Test
  void aFolderThatGoesIsMadeAgain() throws Exception {
    Path whole = folder.resolve("whole");
    run(spilling(whole)).expect(0);
    Path out = folder.resolve("out");
    Path away = folder.resolve("away");
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Future<Boolean> gone = LogWatch.after(5, out, executor, () -> Files.move(out, away) != null);
      run(spilling(out)).expect(0);
      assertTrue(gone.get());
    }
    byte[] adapter = Files.readAllBytes(whole.resolve(ADAPTER));
    assertArrayEquals(adapter, Files.readAllBytes(out.resolve(ADAPTER)));
    assertEquals(STEPS, Files.readAllLines(away.resolve("log.jsonl")).size());
    // What was moved away goes on from its own last checkpoint, to the same end.
    Outcome resumed =
        run(List.of("finetune", "--resume", "--out", away.toString(), "--json")).expect(0);
    assertTrue(resumed.json().path("resumed_from_step").asInt() >= 3, resumed.out());
    assertArrayEquals(adapter, Files.readAllBytes(away.resolve(ADAPTER)));
  }
}
