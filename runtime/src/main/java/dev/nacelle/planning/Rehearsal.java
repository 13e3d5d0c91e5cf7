package dev.nacelle.planning;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.LlamaModel;
import dev.nacelle.tape.Engine;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.Evaluator;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.InitialAdapter;
import dev.nacelle.train.NeededWork;
import dev.nacelle.train.Schedule;
import dev.nacelle.train.StepSizes;
import dev.nacelle.train.TrainSettings;
import dev.nacelle.train.Trainer;
import java.util.Map;

/**
 * A run walked with shapes alone: the code of loading, training and evaluating as it stands, over
 * kernels that compute nothing. No weight is read and no tensor becomes memory; what the arena
 * handed out is what a run with kernels keeps resident, holes included.
 *
 * @param mapped bytes of the model's files that come into memory and stay
 * @param loaded bytes of tensors once model and adapter are there
 * @param firstStep the same after the first step
 * @param steadyStep the same after the second
 * @param evaluated the same after an evaluation; that of the step where there is none
 * @param scratch bytes that kernels hold beside the tensors
 * @param classes the ledger's classes when its sum was highest, mapped weights among the parameters
 * @param flops needed work of one step of the typical size, without what is computed twice
 * @param repeatedFlops what the strategy computes twice of it
 */
record Rehearsal(
    long mapped,
    long loaded,
    long firstStep,
    long steadyStep,
    long evaluated,
    long scratch,
    Map<LedgerClass, Long> classes,
    double flops,
    double repeatedFlops) {

  /** Walks a run. */
  static Rehearsal of(
      BaseModel base,
      KernelSet kernels,
      FinetuneOptions options,
      StepSizes sizes,
      Strategy strategy) {
    SilentKernels silent = new SilentKernels(kernels);
    try (Engine engine = new Engine(silent.set(), Allocator.rehearsing())) {
      Allocator allocator = engine.allocator();
      LlamaModel model = base.rehearse(engine, options.dtype());
      Adapter adapter = InitialAdapter.unset(engine, BaseModel.modules(model), options);
      BaseModel.install(model, adapter);
      long loaded = allocator.touchedBytes();
      TrainSettings settings =
          new TrainSettings(
              Schedule.of(Schedule.Kind.CONSTANT, 0, 0, 2), AdamSettings.DEFAULT, 1.0);
      try (Trainer trainer = new Trainer(engine, model, adapter, settings)) {
        trainer.use(strategy);
        sizes.largest().forEach(trainer::step);
        long first = allocator.touchedBytes();
        sizes.largest().forEach(trainer::step);
        long steady = allocator.touchedBytes();
        if (options.evaluation().isWanted()) {
          Evaluator evaluator = new Evaluator(engine, model);
          sizes.largest().forEach(step -> step.forEach(evaluator::rowLosses));
        }
        double flops = NeededWork.of(model).flops(sizes.typical());
        return new Rehearsal(
            allocator.borrowedBytes() + base.headerBytes(),
            loaded,
            first,
            steady,
            allocator.touchedBytes(),
            silent.scratchBytes(),
            engine.ledger().classesAtPeak(),
            flops,
            flops * repeatedShare(strategy, model));
      }
    }
  }

  /** A forward pass is half of forward and backward where weights are frozen. */
  private static double repeatedShare(Strategy strategy, LlamaModel model) {
    int layers = model.config().layers();
    double blocks = Math.min(strategy.recomputedBlocks(), layers) / (double) layers;
    return switch (strategy.recompute()) {
      case NOTHING -> 0;
      case MLP -> 0.3 * blocks;
      case BLOCK -> (strategy.segmentBlocks() > 1 ? 1.0 : 0.5) * blocks;
    };
  }

  /** Bytes of tensors, scratch and files when most are there. */
  long peak() {
    return mapped + scratch + evaluated;
  }
}
