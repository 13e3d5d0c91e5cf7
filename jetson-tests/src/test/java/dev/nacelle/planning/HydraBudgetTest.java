package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.commandline.Fixtures;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.memory.Budget;
import dev.nacelle.memory.Strategy;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HydraLoRA on a quantised base under a tight budget: the search has a way, and it is kept to. */
final class HydraBudgetTest {
  private static final int STEPS = 6;
  private static final MachineCosts COSTS = MachineCosts.free(Rates.derived(1e11, 1e10, 1e9));
  private static final Path QUANTISED = Fixtures.example("../gguf/q4_1").resolve("model.gguf");

  @TempDir private Path folder;

  /** A run with the plan that it was given. */
  private record Ran(MemoryPlan plan, FinetuneResult result, List<Double> losses) {
    /** What the plan lets tensors hold: all of it but libraries and JVM. */
    long foreseen() {
      Map<String, Long> classes = plan.classes();
      return plan.peakBytes() - classes.getOrDefault("runtime", 0L);
    }
  }

  @Test
  void aTightBudgetIsKeptAndChangesNoLoss() {
    for (AdapterKind kind : List.of(new LoraKind(), new HydraKind(3))) {
      for (DType dtype : List.of(DType.FP32, DType.BF16)) {
        String name = kind.word() + dtype.label();
        Ran free = run(name + "-free", kind, dtype, Long.MAX_VALUE);
        long least = free.plan.minimumBytes();
        long most = free.plan.peakBytes();
        assertTrue(least < most, name + ": " + least + " of " + most);
        assertEquals(Strategy.Recompute.NOTHING, free.plan.chosen().strategy().recompute(), name);
        for (long bound : new long[] {least, least + (most - least) / 2}) {
          Ran tight = run(name + bound, kind, dtype, bound);
          String what = name + " in " + bound + ": " + tight.plan.chosen().strategy();
          assertTrue(tight.plan.peakBytes() <= bound, what);
          assertNotEquals(free.plan.chosen().strategy(), tight.plan.chosen().strategy(), what);
          assertTrue(tight.plan.chosen().strategy().isExact(), what);
          long held = tight.result.ledgerPeakBytes();
          assertTrue(held <= tight.foreseen(), what + " holds " + held);
          assertEquals(STEPS, tight.losses.size(), what);
          double near = dtype == DType.FP32 ? 2e-6 : 2e-3;
          for (int i = 0; i < STEPS; i++) {
            assertEquals(free.losses.get(i), tight.losses.get(i), near, what + " step " + (i + 1));
          }
        }
      }
    }
  }

  private Ran run(String out, AdapterKind kind, DType dtype, long bound) {
    List<MemoryPlan> plans = new ArrayList<>();
    List<Double> losses = new ArrayList<>();
    FinetuneOptions.Adapting adapting =
        new FinetuneOptions.Adapting(kind, 4, 8, 0.1, "all-linear", "", null, Set.of());
    FinetuneResult result =
        Finetuning.run(
            TinyJob.options(QUANTISED, folder.resolve(out), STEPS, dtype, 4, 1, true)
                .with(adapting),
            event -> {
              if (event instanceof TrainEvent.Stepped stepped) {
                losses.add(stepped.step().loss());
              }
            },
            new Planner(
                () -> COSTS,
                () -> new Budget.Look(bound, "the test"),
                true,
                plans::add,
                note -> {}));
    return new Ran(plans.getFirst(), result, losses);
  }
}
