package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.commandline.Fixtures;
import dev.nacelle.memory.Strategy;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.FinetuneOptions;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A walk with shapes alone comes to the bytes of the run that then takes place. */
final class RehearsalTest {
  @TempDir private Path folder;

  @Test
  void everyClassAndTheArenaAreForeseen() {
    List<Strategy> strategies =
        List.of(
            Strategy.FASTEST,
            Strategy.FASTEST.withRecompute(Strategy.Recompute.MLP, 1),
            Strategy.FASTEST.withRecompute(Strategy.Recompute.BLOCK, 2),
            Strategy.FASTEST.withMicroBatch(1),
            Strategy.FASTEST.withMicroBatch(2).withRecompute(Strategy.Recompute.BLOCK, 2),
            Strategy.FASTEST.withHeadRows(16),
            Strategy.FASTEST.withBits(32, 8),
            Strategy.FASTEST.withPlaces(Strategy.Weights.RESIDENT, Strategy.Spill.ACTIVATIONS));
    int runs = 0;
    for (Strategy strategy : strategies) {
      for (DType dtype : List.of(DType.FP32, DType.BF16)) {
        for (int accumulate : new int[] {1, 2}) {
          for (boolean packing : new boolean[] {true, false}) {
            check(strategy, dtype, accumulate, packing, folder.resolve("run" + runs++));
          }
        }
      }
    }
    assertEquals(64, runs);
  }

  /** Head norms, fused layers, windows, caps, norms behind: other families, from either file. */
  @Test
  void otherFamiliesAreForeseen() {
    int runs = 0;
    for (String model :
        List.of("gemma3", "gemma3/model.gguf", "phi3", "phi3/model.gguf", "gemma2", "olmo2")) {
      for (Strategy strategy :
          List.of(
              Strategy.FASTEST,
              Strategy.FASTEST.withRecompute(Strategy.Recompute.MLP, 2),
              Strategy.FASTEST.withSegments(2, 2))) {
        Path path = Fixtures.example("../families/" + model);
        Path out = folder.resolve("family" + runs++);
        check(strategy, TinyJob.options(path, out, 3, DType.FP32, 3, 1, true), model);
      }
    }
    assertEquals(18, runs);
  }

  private static void check(
      Strategy strategy, DType dtype, int accumulate, boolean packing, Path out) {
    check(
        strategy,
        TinyJob.options(out, 4, dtype, 3, accumulate, packing),
        dtype + " accumulate " + accumulate + " packing " + packing);
  }

  private static void check(Strategy strategy, FinetuneOptions options, String job) {
    Finetuning.Rehearsed run = Finetuning.rehearsed(options, strategy);
    String what = strategy + " " + job;
    assertEquals(run.result().classes(), run.walk().classes(), what);
    assertTrue(run.result().arenaBytes() > 0, what);
    assertEquals(run.result().arenaBytes(), run.walk().evaluated(), what);
  }
}
