package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.Ledger;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Spill;
import dev.nacelle.memory.Strategy.Weights;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.nativeaccess.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Moments on storage between two steps: the same bits, and nothing lost where storage gives up. */
final class SpilledMomentsTest {
  private static final Strategy AWAY =
      Strategy.FASTEST.withPlaces(Weights.RESIDENT, Spill.ACTIVATIONS_AND_MOMENTS);

  @TempDir private Path folder;

  private static List<PackedBatch> batch() {
    return List.of(TrainingRig.batch(new SplittableRandom(5), 9, 17));
  }

  private record Run(TrainingRig rig, Adapter adapter, Trainer trainer) {
    static Run of(TrainingRig rig, Path folder, double clip) {
      DecoderModel model =
          rig.model(TrainingRig.config(48, 112, 16, 8, 3, true), DType.FP32, DType.FP32);
      Adapter adapter = rig.adapt(model, 8, 0.1, "all-linear", "");
      Schedule schedule = Schedule.of(Schedule.Kind.CONSTANT, 1e-3, 0, 100);
      TrainSettings settings = new TrainSettings(schedule, AdamSettings.DEFAULT, clip);
      Trainer trainer = rig.own(new Trainer(rig.engine(), model, adapter, settings));
      trainer.spillInto(folder);
      return new Run(rig, adapter, trainer);
    }

    float[][] parameters() {
      return adapter.parameters().stream().map(p -> p.value().toFloats()).toArray(float[][]::new);
    }

    Ledger ledger() {
      return rig.engine().ledger();
    }
  }

  private static void assertSame(float[][] expected, float[][] found) {
    assertEquals(expected.length, found.length);
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], found[i], 0f, "parameter " + i);
    }
  }

  private float[][] steps(int bits, boolean inBackward, boolean away) {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      Run r = Run.of(rig, folder, inBackward ? 0 : 1);
      r.trainer.use(
          (away ? AWAY : Strategy.FASTEST).withBits(32, bits).withUpdateInBackward(inBackward));
      for (int step = 0; step < 5; step++) {
        r.trainer.step(batch());
      }
      return r.parameters();
    }
  }

  @ParameterizedTest
  @CsvSource({"32, false", "8, false", "32, true", "8, true"})
  void stepsComeToTheSameBits(int bits, boolean inBackward) {
    assertSame(steps(bits, inBackward, false), steps(bits, inBackward, true));
  }

  /** None between steps; in the update one parameter's at a time; all of them written each step. */
  @Test
  void onlyTheLargestParametersAreInMemory() {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      Run r = Run.of(rig, folder, 1);
      long all = r.ledger().live(LedgerClass.OPTIMIZER);
      r.trainer.use(AWAY);
      assertEquals(0, r.ledger().live(LedgerClass.OPTIMIZER));
      assertEquals(all, r.trainer.spilledBytes());
      r.trainer.use(Strategy.FASTEST);
      assertEquals(all, r.ledger().live(LedgerClass.OPTIMIZER));
      r.trainer.use(AWAY);
      r.ledger().resetPeak();
      long written = r.trainer.spilledBytes();
      r.trainer.step(batch());
      long largest =
          r.adapter.parameters().stream().mapToLong(p -> 8 * p.value().elements()).max().orElse(0);
      assertEquals(largest, r.ledger().peak(LedgerClass.OPTIMIZER));
      assertEquals(0, r.ledger().live(LedgerClass.OPTIMIZER));
      assertTrue(r.trainer.spilledBytes() - written >= all, "moments are written back");
    }
  }

  /** Back and forth between steps, as a plan that changes does. */
  @Test
  void aRunMayChangeWhereTheyLie() {
    float[][] expected = steps(32, false, false);
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      Run r = Run.of(rig, folder, 1);
      for (int step = 0; step < 5; step++) {
        r.trainer.use(step % 2 == 0 ? AWAY : Strategy.FASTEST);
        r.trainer.step(batch());
      }
      assertSame(expected, r.parameters());
    }
  }

  /** What a checkpoint holds is the same, and a run goes on from it either way. */
  @Test
  void checkpointsHoldWhatLiesOnStorage() throws IOException {
    Path plain = folder.resolve("plain.safetensors");
    Path spilled = folder.resolve("spilled.safetensors");
    FaultInjector faults = FaultInjector.none();
    for (boolean away : new boolean[] {false, true}) {
      try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
        Run r = Run.of(rig, folder, 1);
        r.trainer.use(away ? AWAY : Strategy.FASTEST);
        r.trainer.step(batch());
        r.trainer.step(batch());
        float[][] at = r.parameters();
        long rows = r.trainer.rowsDone();
        r.trainer.saveMoments(away ? spilled : plain, faults);
        r.trainer.step(batch());
        float[][] expected = r.parameters();
        try (TrainingRig other = new TrainingRig(AllocationFault.NONE)) {
          Run s = Run.of(other, folder, 1);
          s.trainer.use(AWAY);
          for (int i = 0; i < at.length; i++) {
            s.adapter.parameters().get(i).value().fill(at[i]);
          }
          s.trainer.restore(away ? spilled : plain, 2, rows, faults);
          assertEquals(0, s.ledger().live(LedgerClass.OPTIMIZER), "restored onto storage");
          s.trainer.step(batch());
          assertSame(expected, s.parameters());
        }
      }
    }
    assertEquals(-1, Files.mismatch(plain, spilled), "the same file");
  }

  /** The open file needs no name: a folder that goes in mid-run takes nothing with it. */
  @Test
  void aFolderThatVanishesIsNoMatter() throws IOException {
    float[][] expected = steps(32, false, false);
    Path gone = Files.createDirectory(folder.resolve("gone"));
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      Run r = Run.of(rig, gone, 1);
      r.trainer.use(AWAY);
      r.trainer.step(batch());
      Files.delete(gone);
      for (int step = 1; step < 5; step++) {
        r.trainer.step(batch());
      }
      assertSame(expected, r.parameters());
    }
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      Run r = Run.of(rig, gone, 1);
      NacelleException e = assertThrows(NacelleException.class, () -> r.trainer.use(AWAY));
      assertEquals(NacelleException.Kind.ENVIRONMENT, e.kind());
      assertEquals(Strategy.FASTEST, r.trainer.strategy());
    }
  }

  /** A file system of so many bytes. */
  private static final class SmallDisk implements AutoCloseable {
    final Path path;

    SmallDisk(Path path, int kilobytes) throws IOException {
      this.path = Files.createDirectory(path);
      assumeTrue(
          run("mount", "-t", "tmpfs", "-o", "size=" + kilobytes + "k", "tmpfs", path.toString()),
          "a small file system can be mounted: that takes root");
    }

    private static boolean run(String... command) {
      try {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
      } catch (IOException e) {
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    @Override
    public void close() {
      run("umount", path.toString());
    }
  }

  /** Each size of disk fails somewhere else: at the moments, at some block's activations. */
  @Test
  void aFullDiskLosesNothing() throws IOException {
    float[][] expected = steps(32, false, false);
    List<String> where = new ArrayList<>();
    for (int kilobytes : new int[] {8, 100, 164, 200, 240, 280, 4000}) {
      try (SmallDisk disk = new SmallDisk(folder.resolve("disk" + kilobytes), kilobytes);
          TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
        Run r = Run.of(rig, disk.path, 1);
        try {
          r.trainer.use(AWAY);
        } catch (NacelleException e) {
          assertEquals(NacelleException.Kind.ENVIRONMENT, e.kind());
          assertTrue(String.valueOf(e.getMessage()).contains("cannot spill"), e.getMessage());
          assertEquals(Strategy.FASTEST, r.trainer.strategy());
          where.add("moments");
        }
        while (r.trainer.stepsDone() < 5) {
          try {
            r.trainer.step(batch());
          } catch (NacelleException e) {
            assertEquals(NacelleException.Kind.ENVIRONMENT, e.kind());
            assertTrue(r.trainer.isWhole());
            assertEquals(0, r.ledger().live(LedgerClass.ACTIVATIONS));
            assertEquals(0, r.ledger().live(LedgerClass.GRADIENTS));
            where.add("step");
            r.trainer.use(Strategy.FASTEST);
          }
        }
        assertSame(expected, r.parameters());
      }
    }
    System.out.println("full disks stopped: " + where);
    assertTrue(where.contains("moments") && where.contains("step"), where.toString());
    assertTrue(where.size() < 7, "the largest is large enough");
  }
}
