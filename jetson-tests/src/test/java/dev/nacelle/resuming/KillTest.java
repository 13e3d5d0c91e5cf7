package dev.nacelle.resuming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.file.FaultInjector;
import dev.nacelle.train.FinetuneResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * SIGKILL, after which nothing can be tidied up: at random moments, inside a save, and between the
 * write and the rename. Each time the last good checkpoint loads, and the run that goes on from it
 * ends with the same bytes. The suite kills a few; {@code mvn verify -Pendurance} kills sixty.
 */
final class KillTest {
  private static final int KILLS = Integer.getInteger("nacelle.kills", 15);

  /** Where a process dies. */
  private enum Place {
    ANYWHERE,
    INSIDE_A_SAVE,
    BEFORE_THE_RENAME
  }

  @TempDir private Path folder;

  @Test
  void killedAndResumed() throws IOException, InterruptedException {
    long seed = Long.getLong("nacelle.seed", System.nanoTime());
    System.out.println("kills: seed " + seed + " (-Dnacelle.seed repeats it)");
    SplittableRandom random = new SplittableRandom(seed);
    List<Path> data = Folders.data(folder.resolve("data"), 23);
    Job job = Job.forKills(data, 0);
    Path whole = folder.resolve("whole");
    job.run(whole, false);
    Map<Place, Integer> kills = new EnumMap<>(Place.class);
    Path out = folder.resolve("chain-0");
    int chains = 1;
    int total = 0;
    while (total < KILLS) {
      Place place = Place.values()[total % 3];
      if (!kill(out, data, place, random)) {
        // It came to its end first: the next one starts anew.
        Folders.assertSame(whole, out, "not killed");
        out = folder.resolve("chain-" + chains++);
        continue;
      }
      total++;
      kills.merge(place, 1, Integer::sum);
      Path copy = Folders.copy(out, folder.resolve("copy-" + total));
      assertFalse(Folders.checkpoints(copy).isEmpty(), place + ": no checkpoint is visible");
      FinetuneResult result = job.run(copy, true);
      assertNotNull(result.resumedFromStep(), place + ": it started afresh");
      Folders.assertSame(whole, copy, place + ", kill " + total);
      Folders.assertNoLeftovers(copy);
    }
    System.out.println("kills: " + kills + " in " + chains + " chains, all resumed to equal bytes");
    assertEquals(KILLS, total);
    for (Place place : Place.values()) {
      assertTrue(kills.getOrDefault(place, 0) >= KILLS / 3, "kills " + place);
    }
  }

  /** Runs a process and kills it; false where it ended before. */
  private boolean kill(Path out, List<Path> data, Place place, SplittableRandom random)
      throws IOException, InterruptedException {
    String moment =
        switch (place) {
          case ANYWHERE -> "none";
          case INSIDE_A_SAVE -> FaultInjector.Moment.FILE_BEGUN.name();
          case BEFORE_THE_RENAME ->
              random.nextBoolean()
                  ? FaultInjector.Moment.FILE_WRITTEN.name()
                  : FaultInjector.Moment.FOLDER_WRITTEN.name();
        };
    boolean resume = Files.exists(out);
    int pass = random.nextInt(moment.startsWith("FOLDER") ? 3 : 12);
    Process process = start(out, resume, data, moment, pass);
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      String line = lines.readLine();
      while (line != null && !line.startsWith(place == Place.ANYWHERE ? "step" : "moment")) {
        if (line.equals("finished")) {
          assertEquals(0, process.waitFor());
          return false;
        }
        line = lines.readLine();
      }
      assertNotNull(line, () -> "the process failed by itself:\n" + errors(out));
      if (place == Place.ANYWHERE) {
        Thread.sleep(random.nextInt(200));
      }
    }
    boolean killed = process.isAlive();
    process.destroyForcibly();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "still running");
    return killed;
  }

  private Process start(Path out, boolean resume, List<Path> data, String moment, int pass)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(KilledRun.class.getName(), out.toString(), Boolean.toString(resume)));
    data.forEach(file -> command.add(file.toString()));
    command.addAll(List.of(moment, Integer.toString(pass)));
    return Child.start(errorFile(out), Map.of(), List.of(), command);
  }

  private Path errorFile(Path out) {
    return folder.resolve(out.getFileName() + "-errors.txt");
  }

  private String errors(Path out) {
    try {
      return Files.readString(errorFile(out));
    } catch (IOException e) {
      return e.toString();
    }
  }
}
