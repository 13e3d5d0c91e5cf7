package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Budget;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.RunPlanner;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run follows what there is, step by step, and comes to the same losses. */
final class MovingBudgetTest {
  private static final int STEPS = 30;
  private static final MachineCosts COSTS = MachineCosts.free(Rates.derived(1e11, 1e10, 1e9));

  @TempDir private Path folder;

  /** What a run came to: its losses, its notes, and the plan that it began with. */
  private record Ran(FinetuneResult result, List<Double> losses, List<String> notes) {}

  @Test
  void lossesAreThoseOfTheUnboundedRun() {
    long[] sizes = sizes();
    Ran free = run("free", step -> Long.MAX_VALUE, FaultInjector.none());
    assertEquals(STEPS, free.losses.size());
    assertEquals(List.of(), free.notes);

    // In mid-run 30 % less than it takes, later enough again.
    long shrunk = (long) (0.7 * sizes[1]);
    Ran moved =
        run(
            "moved",
            step -> step >= 10 && step < 20 ? Math.max(shrunk, sizes[0]) : sizes[1],
            FaultInjector.none());
    assertEquals(2, moved.notes.size(), moved.notes.toString());
    assertTrue(moved.notes.getLast().contains("keeping everything"), moved.notes.toString());
    same(free.losses, moved.losses);

    long seed = System.nanoTime();
    Random random = new Random(seed);
    // Every other step has less than the fastest plan takes.
    Ran shaken =
        run(
            "shaken",
            step ->
                sizes[0]
                    + (long)
                        (random.nextDouble() * (step % 2 == 0 ? sizes[1] - sizes[0] : sizes[0])),
            FaultInjector.none());
    assertTrue(shaken.notes.size() > 5, "seed " + seed + " " + shaken.notes);
    same(free.losses, shaken.losses);
  }

  @Test
  void whereNothingFitsAnyMoreTheRunEndsWithItsCheckpoint() {
    long[] sizes = sizes();
    NacelleException e =
        assertThrows(
            NacelleException.class,
            () -> run("ended", step -> step < 7 ? sizes[1] : sizes[0] / 2, FaultInjector.none()));
    assertEquals(NacelleException.Kind.BUDGET, e.kind());
    assertTrue(Files.isDirectory(folder.resolve("ended/checkpoints/step-000007")), e.getMessage());
  }

  @Test
  void eachRefusedAllocationIsAdaptedToOrEndsWithItsKind() {
    int adapted = 0;
    int refused = 0;
    for (int n = 1; n < 4000; n += 61) {
      try {
        Ran ran = run("fault" + n, step -> Long.MAX_VALUE, FaultInjector.parse("alloc:" + n));
        adapted += ran.notes.isEmpty() ? 0 : 1;
      } catch (NacelleException e) {
        assertEquals(NacelleException.Kind.BUDGET, e.kind(), e.getMessage());
        refused++;
      }
    }
    assertTrue(adapted > 20, "adapted " + adapted + ", refused " + refused);
    assertTrue(refused > 0, "loading has no way around a refusal");
  }

  private static void same(List<Double> expected, List<Double> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), actual.get(i), 2e-6, "step " + (i + 1));
    }
  }

  /** The least that the job takes, and what it takes where it keeps everything. */
  private long[] sizes() {
    List<MemoryPlan> plans = new ArrayList<>();
    Planner planner =
        new Planner(
            () -> COSTS,
            () -> new Budget.Look(Long.MAX_VALUE, "all"),
            false,
            plans::add,
            note -> {});
    finetune(options(folder.resolve("never")), FaultInjector.none(), event -> {}, planner)
        .planOnly();
    return new long[] {plans.getFirst().minimumBytes(), plans.getFirst().peakBytes()};
  }

  private Ran run(String name, IntToLongFunction bound, FaultInjector faults) {
    List<Double> losses = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Planner planner =
        new Planner(
            () -> COSTS,
            () -> new Budget.Look(bound.applyAsLong(losses.size()), "the test"),
            true,
            plan -> {},
            notes::add);
    FinetuneResult result =
        finetune(
                options(folder.resolve(name)),
                faults,
                event -> {
                  if (event instanceof TrainEvent.Stepped stepped) {
                    losses.add(stepped.step().loss());
                  }
                },
                planner)
            .run();
    return new Ran(result, losses, notes);
  }

  private static Finetune finetune(
      FinetuneOptions options,
      FaultInjector faults,
      java.util.function.Consumer<TrainEvent> listener,
      RunPlanner planner) {
    return new Finetune(
        options,
        faults,
        threads -> Kernels.open(threads, null),
        listener,
        new Cancellation(),
        planner);
  }

  private static FinetuneOptions options(Path out) {
    return TinyJob.options(out, STEPS, DType.FP32, 4, 1, true);
  }
}
