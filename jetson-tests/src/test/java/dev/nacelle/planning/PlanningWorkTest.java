package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.LoraKind;
import dev.nacelle.memory.Budget;
import dev.nacelle.memory.Strategy;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.RunPlan;
import dev.nacelle.train.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Planning walks little, since a model repeats one block, and what it infers from short models is
 * what the whole one takes. A walk through a block takes some 0.6 ms (EPYC, Zen 4, 2026-11-30); it
 * is counted here, and timed nowhere.
 */
final class PlanningWorkTest {
  private static final Rates RATES = Rates.derived(1e11, 1e10, 2e8);

  /** Blocks walked for a model of 32: about as many as 28 whole walks have. */
  private static final int MOST_BLOCKS = 900;

  private static final int LAYERS = 16;

  /** With the two jobs beside it that are proposed where nothing fits. */
  private static final int MOST_IN_VAIN = 1200;

  @TempDir private Path folder;

  private FinetuneOptions options(Path model, int batch, boolean approximate) {
    return options(model, batch, 512, approximate);
  }

  private FinetuneOptions options(Path model, int batch, int length, boolean approximate) {
    return new FinetuneOptions(
        model,
        folder.resolve("out"),
        new FinetuneOptions.Adapting(new LoraKind(), 16, 32, 0, "all-linear", "", null, Set.of()),
        new FinetuneOptions.DataFlow(
            List.of(),
            DataFormat.AUTO,
            TrainOn.COMPLETIONS,
            false,
            batch,
            1,
            length,
            true,
            Order.SHUFFLE),
        new FinetuneOptions.Length(3, 0),
        new FinetuneOptions.Learning(1e-3, Schedule.Kind.CONSTANT, 0, 1, AdamSettings.DEFAULT),
        new FinetuneOptions.Evaluating(List.of(), 0, 0, 0),
        new FinetuneOptions.Saving(0, 1, false),
        DType.FP32,
        2,
        7,
        List.of(),
        null,
        null,
        null,
        new FinetuneOptions.Limits(null, approximate, true),
        false,
        "a test");
  }

  private MemoryPlan within(FinetuneOptions options, long bytes) {
    List<MemoryPlan> plans = new ArrayList<>();
    Budget.Look look = new Budget.Look(bytes, "a test");
    Finetuning.plan(
        options,
        new Planner(() -> MachineCosts.free(RATES), () -> look, false, plans::add, note -> {}));
    return plans.getFirst();
  }

  @Test
  void aModelOfThirtyTwoBlocksTakesFewWalks() throws IOException {
    FinetuneOptions options = options(SparseModel.write(folder.resolve("model"), 32), 4, false);
    MemoryPlan free = within(options, Long.MAX_VALUE);
    assertTrue(free.effort().blocks() <= 400, free.effort().toString());
    long most = free.peakBytes();
    long least = free.minimumBytes();
    int plans = 0;
    for (int tenth = -1; tenth <= 10; tenth++) {
      MemoryPlan plan = within(options, least + (most - least) * tenth / 10);
      int bound = plan.fits() ? MOST_BLOCKS : MOST_IN_VAIN;
      assertTrue(plan.effort().blocks() <= bound, tenth + ": " + plan.effort());
      assertEquals(tenth >= 0, plan.fits());
      assertEquals(least, plan.minimumBytes());
      plans++;
    }
    assertEquals(12, plans);
  }

  /**
   * Holes of the arena come and go: a guess may be two kept blocks off, and is priced in earnest.
   */
  @Test
  void whatShortModelsTellIsWhatTheWholeOneTakes() throws IOException {
    Path model = SparseModel.write(folder.resolve("model"), LAYERS);
    List<String> off = new ArrayList<>();
    int[] compared = {0};
    Finetuning.plan(
        options(model, 3, false),
        (base, kernels, asked, sizes) -> {
          JobPrices prices =
              new JobPrices(
                  base, kernels, asked, sizes.get(), MachineCosts.free(RATES), new Walks());
          long block = prices.price(Strategy.FASTEST).arenaBytes() / LAYERS;
          SearchSpace space = new SearchSpace(LAYERS, 3, false, false, false, true);
          for (Strategy.Spill spill : space.spills()) {
            for (SearchSpace.Row row : space.rows(spill)) {
              for (int blocks : new int[] {1, 7, LAYERS - 1, LAYERS}) {
                Strategy strategy = row.of(blocks);
                long guess = prices.guess(strategy).peakBytes();
                long sure = prices.price(strategy).peakBytes();
                if (Math.abs(guess - sure) > Math.max(2.0 * block, StrategySearch.DOUBT * sure)) {
                  off.add(StrategyWords.of(strategy) + ": " + guess + " for " + sure);
                }
                compared[0]++;
              }
            }
          }
          return RunPlan.UNBOUNDED;
        });
    assertEquals(216, compared[0]);
    assertEquals(List.of(), off);
  }

  /** The least is looked for among what spills most: nothing that spills less takes less. */
  @Test
  void theLeastSpillsAllThatCanBeSpilled() throws IOException {
    for (int layers : new int[] {8, LAYERS}) {
      Path model = SparseModel.write(folder.resolve("model" + layers), layers);
      for (int length : new int[] {8, 512}) {
        for (int batch : new int[] {1, 3}) {
          FinetuneOptions asked = options(model, batch, length, false);
          String job = layers + " blocks, " + batch + " of " + length;
          Finetuning.plan(
              asked,
              (base, kernels, given, sizes) -> {
                JobPrices prices =
                    new JobPrices(
                        base, kernels, given, sizes.get(), MachineCosts.free(RATES), new Walks());
                SearchSpace space = new SearchSpace(layers, batch, true, false, false, true);
                long least = Long.MAX_VALUE;
                for (Strategy.Spill spill : space.spills()) {
                  for (Strategy strategy : space.leanest(spill)) {
                    least = Math.min(least, prices.price(strategy).peakBytes());
                  }
                }
                assertEquals(least, prices.search().least().peakBytes(), job);
                return RunPlan.UNBOUNDED;
              });
        }
      }
    }
  }
}
