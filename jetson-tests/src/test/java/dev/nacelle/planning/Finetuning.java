package dev.nacelle.planning;

import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Strategy;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.RunPlan;
import dev.nacelle.train.RunPlanner;
import dev.nacelle.train.TrainEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** How tests fine-tune in this process: to the end, on the kernels of this machine. */
public final class Finetuning {
  /**
   * A run beside the walk with shapes alone that came before it.
   *
   * @param walk what was foreseen
   * @param result what came
   */
  record Rehearsed(Rehearsal walk, FinetuneResult result) {}

  private Finetuning() {}

  /** As fast as it goes, without a plan. */
  public static FinetuneResult run(FinetuneOptions options) {
    return run(options, event -> {}, RunPlanner.NONE);
  }

  static FinetuneResult run(
      FinetuneOptions options, Consumer<TrainEvent> listener, RunPlanner planner) {
    return of(options, listener, planner).run();
  }

  /** As far as the plan, and no step. */
  static void plan(FinetuneOptions options, RunPlanner planner) {
    of(options, event -> {}, planner).planOnly();
  }

  private static Finetune of(
      FinetuneOptions options, Consumer<TrainEvent> listener, RunPlanner planner) {
    return new Finetune(
        options,
        FaultInjector.none(),
        threads -> Kernels.open(threads, null),
        listener,
        new Cancellation(),
        planner);
  }

  /** Walks the run of one strategy, and runs it. */
  static Rehearsed rehearsed(FinetuneOptions options, Strategy strategy) {
    List<Rehearsal> walks = new ArrayList<>();
    FinetuneResult result =
        run(
            options,
            event -> {},
            (base, kernels, asked, sizes) -> {
              int layers = base.config().layers();
              walks.add(Rehearsal.of(base, kernels, asked, sizes.get(), strategy, layers));
              return RunPlan.always(strategy);
            });
    if (walks.size() != 1) {
      throw new AssertionError("the run asked for " + walks.size() + " plans");
    }
    return new Rehearsed(walks.getFirst(), result);
  }
}
