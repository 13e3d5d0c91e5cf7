package dev.nacelle.planning;

import dev.nacelle.NacelleException;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.RunPlanner;
import dev.nacelle.train.StepSizes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Plans one fine-tuning: the fastest strategy that fits, what it takes, and what else would do. */
public final class Planner implements RunPlanner {
  private static final int SHORTEST = 64;

  private final @Nullable Long budget;
  private final long ceiling;
  private final ProcessCost process;
  private final boolean refuses;
  private final Consumer<MemoryPlan> listener;

  /**
   * @param budget bytes that were named; null for none
   * @param ceiling bytes that are there
   * @param process what the process costs
   * @param refuses whether a run that does not fit is an error, or only a plan that says so
   * @param listener hears the plan
   */
  public Planner(
      @Nullable Long budget,
      long ceiling,
      ProcessCost process,
      boolean refuses,
      Consumer<MemoryPlan> listener) {
    this.budget = budget;
    this.ceiling = ceiling;
    this.process = process;
    this.refuses = refuses;
    this.listener = listener;
  }

  @Override
  public Strategy plan(
      BaseModel base, KernelSet kernels, FinetuneOptions options, Supplier<StepSizes> drawn) {
    StepSizes sizes = drawn.get();
    long bound = budget == null ? ceiling : Math.min(budget, ceiling);
    StrategySearch search = search(base, kernels, options, sizes);
    List<MemoryPlan.Choice> fitting = search.fitting(bound);
    MemoryPlan.Choice least = search.least();
    MemoryPlan.Choice chosen = fitting.isEmpty() ? least : fitting.getFirst();
    MemoryPlan plan =
        describe(
            Rehearsal.of(base, kernels, options, sizes, chosen.strategy()),
            base,
            sizes,
            chosen,
            least.peakBytes(),
            fitting,
            fitting.isEmpty() ? ways(base, kernels, options, sizes) : List.of());
    listener.accept(plan);
    if (refuses && fitting.isEmpty()) {
      throw refusal(plan, bound);
    }
    return chosen.strategy();
  }

  /** The error of a job that does not fit. */
  public static NacelleException refusal(MemoryPlan plan, long bound) {
    StringBuilder hint =
        new StringBuilder("give --budget " + mib(plan.minimumBytes()) + " or more");
    for (MemoryPlan.Way way : plan.ways()) {
      hint.append("; ").append(way.change()).append(" needs ").append(mib(way.minimumBytes()));
    }
    return new NacelleException(
        NacelleException.Kind.BUDGET,
        "the job does not fit "
            + mib(bound)
            + ": it needs at least "
            + mib(plan.minimumBytes())
            + ", of which the process itself takes "
            + mib(plan.classes().getOrDefault("runtime", 0L))
            + " and the weights with the adapter "
            + mib(plan.classes().getOrDefault("parameters", 0L)),
        hint.toString());
  }

  private static String mib(long bytes) {
    return Math.ceilDiv(bytes, 1L << 20) + "MiB";
  }

  private StrategySearch search(
      BaseModel base, KernelSet kernels, FinetuneOptions options, StepSizes sizes) {
    return new StrategySearch(
        base.config().layers(),
        options.data().batchSize(),
        strategy -> {
          Rehearsal walked = Rehearsal.of(base, kernels, options, sizes, strategy);
          return new MemoryPlan.Choice(strategy, peak(walked, base), seconds(walked, strategy));
        });
  }

  private long peak(Rehearsal walked, BaseModel base) {
    return process.bytes(base.config().vocabularySize()) + walked.peak();
  }

  /** Smaller passes and chunks pack the weights more often: a few hundredths each. */
  private double seconds(Rehearsal walked, Strategy strategy) {
    double passes = strategy.microBatch() == Integer.MAX_VALUE ? 1 : 1.03;
    double chunks = strategy.headRows() == 0 ? 1 : 1.02;
    return (walked.flops() + walked.repeatedFlops()) / process.flopsPerSecond() * passes * chunks;
  }

  private MemoryPlan describe(
      Rehearsal walked,
      BaseModel base,
      StepSizes sizes,
      MemoryPlan.Choice chosen,
      long least,
      List<MemoryPlan.Choice> fitting,
      List<MemoryPlan.Way> ways) {
    Map<String, Long> classes = new LinkedHashMap<>();
    long sum = 0;
    for (Map.Entry<LedgerClass, Long> entry : walked.classes().entrySet()) {
      classes.put(entry.getKey().label(), entry.getValue());
      sum += entry.getValue();
    }
    classes.put("runtime", chosen.peakBytes() - sum);
    long fixed = chosen.peakBytes() - walked.evaluated();
    List<MemoryPlan.Phase> timeline = new ArrayList<>();
    timeline.add(new MemoryPlan.Phase("load", fixed + walked.loaded()));
    timeline.add(new MemoryPlan.Phase("first step", fixed + walked.firstStep()));
    timeline.add(new MemoryPlan.Phase("steady step", fixed + walked.steadyStep()));
    timeline.add(new MemoryPlan.Phase("evaluation", chosen.peakBytes()));
    timeline.add(new MemoryPlan.Phase("save", chosen.peakBytes()));
    long tokens = sizes.typical().stream().mapToLong(PackedBatch::tokens).sum();
    return new MemoryPlan(
        budget,
        !fitting.isEmpty(),
        chosen.peakBytes(),
        least,
        classes,
        chosen.strategy(),
        timeline,
        chosen.stepSeconds(),
        tokens / chosen.stepSeconds(),
        "measured",
        fitting.stream().skip(1).limit(2).toList(),
        ways);
  }

  /** What to change, each alone, with what the job then takes at least. */
  private List<MemoryPlan.Way> ways(
      BaseModel base, KernelSet kernels, FinetuneOptions options, StepSizes sizes) {
    List<MemoryPlan.Way> ways = new ArrayList<>();
    FinetuneOptions.DataFlow flow = options.data();
    int length = flow.maxLength() / 2;
    if (length >= SHORTEST) {
      ways.add(
          new MemoryPlan.Way(
              "--max-length " + length,
              search(base, kernels, options, StepSizes.full(flow, length)).least().peakBytes()));
    }
    FinetuneOptions.Adapting adapting = options.adapter();
    if (adapting.rank() > 1 && adapting.init() == null) {
      int rank = adapting.rank() / 2;
      FinetuneOptions thinner = options.withRank(rank);
      ways.add(
          new MemoryPlan.Way(
              "--rank " + rank, search(base, kernels, thinner, sizes).least().peakBytes()));
    }
    return ways;
  }
}
