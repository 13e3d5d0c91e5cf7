package dev.nacelle.planning;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.StepSizes;
import dev.nacelle.train.export.MergeNeeds;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one job takes under each strategy. A model repeats one block, so that models of a few blocks
 * tell what each further one takes: {@link #guess} walks such short ones, {@link #price} all
 * blocks.
 */
final class JobPrices {
  /** Blocks between the two short models: holes of the arena come and go over a few blocks. */
  private static final int STRIDE = 5;

  /** Models of so many blocks are walked whole more often, to be sure. */
  private static final int SHORT = 16;

  private record Walk(Strategy strategy, int layers) {}

  private final BaseModel base;
  private final KernelSet kernels;
  private final FinetuneOptions options;
  private final StepSizes sizes;
  private final MachineCosts machine;
  private final Rates rates;
  private final Walks walks;
  private final long loadBytes;
  private final long runBytes;
  private final int layers;
  private final Map<Walk, Rehearsal> walked = new HashMap<>();
  private @Nullable StepTime time;

  JobPrices(
      BaseModel base,
      KernelSet kernels,
      FinetuneOptions options,
      StepSizes sizes,
      MachineCosts machine,
      Walks walks) {
    this.base = base;
    this.kernels = kernels;
    this.options = options;
    this.sizes = sizes;
    this.machine = machine;
    this.walks = walks;
    this.rates = machine.rates();
    this.loadBytes = machine.loadBytes(base, options);
    this.runBytes = machine.runBytes(base, options);
    this.layers = base.config().layers();
  }

  /** A walk through all blocks. */
  Rehearsal walk(Strategy strategy) {
    return walk(strategy, layers);
  }

  /** Where pages of mapped weights are is no matter of tensors: such strategies share a walk. */
  private Rehearsal walk(Strategy strategy, int blocks) {
    return walked.computeIfAbsent(
        new Walk(strategy.withPlaces(Strategy.Weights.RESIDENT, strategy.spill()), blocks),
        key -> {
          walks.add(blocks);
          return Rehearsal.of(base, kernels, options, sizes, key.strategy(), blocks);
        });
  }

  /** What a strategy takes. */
  Choice price(Strategy strategy) {
    return choice(strategy, walk(strategy).held(), walk(strategy).answered());
  }

  /** The same along straight lines, a block's worth of bytes or two beside it at most. */
  Choice guess(Strategy strategy) {
    int again = Math.min(strategy.recomputedBlocks(), layers);
    int segment = again == 0 ? 1 : strategy.segmentBlocks();
    if (layers <= Math.max(2 + STRIDE, 1 + 2 * segment) || !isUniform()) {
      return price(strategy);
    }
    int kept = layers - again;
    double held;
    if (segment > 1) {
      // What one segment holds at once, and the input of each further one.
      int some = Math.min(kept, 1);
      long one = few(strategy, some, segment);
      long next = few(strategy, some, 2 * segment) - one;
      held = one + (Math.ceilDiv(again, segment) - 1) * next + (kept - some) * each(strategy, 0);
    } else if (again == 0) {
      held = few(strategy, 2, 0) + (kept - 2) * each(strategy, 0);
    } else if (kept == 0) {
      held = few(strategy, 0, 2) + (again - 2) * each(strategy, 1);
    } else {
      // Each further block takes what it takes among its kind.
      held = few(strategy, 1, 1) + (kept - 1) * each(strategy, 0) + (again - 1) * each(strategy, 1);
    }
    return choice(strategy, Math.round(held), Math.round(held));
  }

  /** Bytes of each further block that is kept, or that is computed again. */
  private double each(Strategy strategy, int again) {
    int kept = 1 - again;
    long few = few(strategy, 2 * kept, 2 * again);
    long more = few(strategy, (2 + STRIDE) * kept, (2 + STRIDE) * again);
    return (more - few) / (double) STRIDE;
  }

  /** Whether every block carries the same adapters: none is named by its number or by a file. */
  private boolean isUniform() {
    FinetuneOptions.Adapting adapting = options.adapter();
    return adapting.layers().isEmpty()
        && adapting.init() == null
        && adapting.targets().chars().noneMatch(Character::isDigit);
  }

  /** Bytes of a model with so many blocks that are kept and so many that are computed again. */
  private long few(Strategy strategy, int kept, int again) {
    Strategy shorter = SearchSpace.recomputing(strategy, again);
    return walk(shorter, kept + again).held();
  }

  private Choice choice(Strategy strategy, long held, long arena) {
    Rehearsal whole = walk(Strategy.FASTEST);
    long running = runBytes + whole.fileBytes(strategy.weights()) + held;
    long peak = Math.max(loadBytes + whole.loaded(), running);
    return new Choice(strategy, peak, arena, seconds(strategy));
  }

  private double seconds(Strategy strategy) {
    Rehearsal whole = walk(Strategy.FASTEST);
    return time(whole)
        .seconds(
            strategy,
            sizes.typical(),
            options.data().batchSize(),
            whole.mapped(),
            spilled(strategy));
  }

  private StepTime time(Rehearsal whole) {
    StepTime known = time;
    if (known == null) {
      known = new StepTime(rates, base, whole.work(), whole.adapterBytes());
      time = known;
    }
    return known;
  }

  /** Bytes that a step writes to storage. */
  private long spilled(Strategy strategy) {
    if (strategy.spill() == Strategy.Spill.NOTHING) {
      return 0;
    }
    int passes =
        Math.ceilDiv(
            options.data().batchSize(),
            Math.min(strategy.microBatch(), options.data().batchSize()));
    int again = Math.min(strategy.recomputedBlocks(), layers);
    long moments = moments(strategy);
    if (!isUniform()) {
      return spilled(strategy, again, layers) * passes + moments;
    }
    long kept = again < layers ? spilled(strategy, 0, 1) : 0;
    long saved = kept * (layers - again) + (again > 0 ? spilled(strategy, 1, 1) * again : 0);
    return saved * passes + moments;
  }

  /** Bytes of AdamW's moments that are written once a step. */
  private long moments(Strategy strategy) {
    return strategy.spill() == Strategy.Spill.ACTIVATIONS_AND_MOMENTS
        ? 2 * walk(Strategy.FASTEST).adapterBytes() * strategy.momentBits() / Float.SIZE
        : 0;
  }

  /** The same of so many blocks in one pass, {@code again} of which are computed again. */
  private long spilled(Strategy strategy, int again, int blocks) {
    // Neither logits nor segments change what a block saves.
    Strategy alone = SearchSpace.recomputing(strategy.withHeadRows(0), 0);
    Strategy spilling = again == 0 ? alone : alone.withRecompute(strategy.recompute(), again);
    Strategy keeping = spilling.withPlaces(Strategy.Weights.RESIDENT, Strategy.Spill.NOTHING);
    return Math.max(0, activations(keeping, blocks) - activations(spilling, blocks));
  }

  private long activations(Strategy strategy, int blocks) {
    return walk(strategy, blocks).classes().getOrDefault(LedgerClass.ACTIVATIONS, 0L);
  }

  /** The most of the process that merges the adapter into the model. */
  long merging() {
    long adapter = walk(Strategy.FASTEST).adapterBytes();
    return loadBytes + MergeNeeds.beside(base.headerBytes(), adapter);
  }

  /** The most of a process that opens the model with the saved adapter, whose file is mapped. */
  long reloading() {
    Rehearsal walked = walk(Strategy.FASTEST);
    return loadBytes + walked.mapped() + walked.loaded() + walked.adapterBytes();
  }

  StrategySearch search() {
    FinetuneOptions.DataFlow flow = options.data();
    SearchSpace space =
        new SearchSpace(
            layers,
            flow.batchSize(),
            walk(Strategy.FASTEST).mapped() > 0,
            options.limits().allowApproximate(),
            options.learning().clip() == 0 && flow.accumulate() == 1,
            options.limits().spill());
    // Holes of the arena come and go: a guess may be two kept blocks off. In a long model that is
    // little, and its walks are dear.
    long slack = layers > SHORT ? 0 : 2 * walk(Strategy.FASTEST).answered() / layers;
    return new StrategySearch(space, this::price, this::guess, slack, this::seconds);
  }

  Rates rates() {
    return rates;
  }

  Walks walks() {
    return walks;
  }

  StepSizes sizes() {
    return sizes;
  }

  FinetuneOptions options() {
    return options;
  }

  /** The same job with something changed. */
  JobPrices changed(FinetuneOptions other, StepSizes otherSizes) {
    return new JobPrices(base, kernels, other, otherSizes, machine, walks);
  }
}
