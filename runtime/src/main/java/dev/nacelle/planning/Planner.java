package dev.nacelle.planning;

import dev.nacelle.NacelleException;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Budget;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.RunPlan;
import dev.nacelle.train.RunPlanner;
import dev.nacelle.train.StepSizes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Plans one fine-tuning: the fastest strategy that fits, what it takes, and what else would do. */
public final class Planner implements RunPlanner {
  private static final int SHORTEST = 64;
  private static final int OTHERS = 2;

  private final Supplier<MachineCosts> machine;
  private final Supplier<Budget.Look> atHand;
  private final boolean refuses;
  private final Consumer<MemoryPlan> listener;
  private final Consumer<String> notes;

  /**
   * @param machine asked once model and data are known to be good: it may have to be measured
   * @param atHand what the process may hold, asked again between steps
   * @param refuses whether a run that does not fit is an error, or only a plan that says so
   * @param listener hears the plan
   * @param notes hears, in a sentence, when the plan changes during the run
   */
  public Planner(
      Supplier<MachineCosts> machine,
      Supplier<Budget.Look> atHand,
      boolean refuses,
      Consumer<MemoryPlan> listener,
      Consumer<String> notes) {
    this.machine = machine;
    this.atHand = atHand;
    this.refuses = refuses;
    this.listener = listener;
    this.notes = notes;
  }

  @Override
  public RunPlan plan(
      BaseModel base, KernelSet kernels, FinetuneOptions options, Supplier<StepSizes> drawn) {
    StepSizes sizes = drawn.get();
    MachineCosts costs = machine.get();
    long begin = System.nanoTime();
    Walks walks = new Walks();
    JobPrices prices = new JobPrices(base, kernels, options, sizes, costs, walks);
    StrategySearch search = prices.search();
    Budget.Look bound = atHand.get();
    List<Choice> fitting = search.fitting(bound.bytes());
    Choice least = search.least();
    Choice chosen = fitting.isEmpty() ? least : fitting.getFirst();
    MemoryPlan plan = describe(prices, chosen, least.peakBytes(), fitting, begin);
    listener.accept(plan);
    if (refuses && fitting.isEmpty()) {
      throw refusal(plan, bound);
    }
    return new MovingPlan(search, chosen, bound, atHand, notes, costs.hasOwnProcess());
  }

  /** The error of a job that does not fit. */
  public static NacelleException refusal(MemoryPlan plan, Budget.Look bound) {
    StringBuilder hint = new StringBuilder("give it " + mib(plan.minimumBytes()) + " or more");
    for (MemoryPlan.Way way : plan.ways()) {
      hint.append("; ").append(way.change()).append(" needs ").append(mib(way.minimumBytes()));
    }
    return new NacelleException(
        NacelleException.Kind.BUDGET,
        "the job does not fit "
            + mib(bound.bytes())
            + " ("
            + bound.reason()
            + "): it needs at least "
            + mib(plan.minimumBytes())
            + ", of which process and kernels' scratch take "
            + mib(plan.classes().getOrDefault("runtime", 0L))
            + " and weights with adapter "
            + mib(plan.classes().getOrDefault("parameters", 0L)),
        hint.toString());
  }

  private static String mib(long bytes) {
    return Math.ceilDiv(bytes, 1L << 20) + "MiB";
  }

  private MemoryPlan describe(
      JobPrices prices, Choice chosen, long least, List<Choice> fitting, long begin) {
    Strategy strategy = chosen.strategy();
    Rehearsal walked = prices.walk(strategy);
    Map<String, Long> classes = new LinkedHashMap<>();
    long sum = 0;
    for (Map.Entry<LedgerClass, Long> entry : walked.classes().entrySet()) {
      long bytes = entry.getValue();
      if (entry.getKey() == LedgerClass.PARAMETERS) {
        bytes -= walked.mapped() - walked.fileBytes(strategy.weights());
      }
      classes.put(entry.getKey().label(), bytes);
      sum += bytes;
    }
    classes.put("runtime", chosen.peakBytes() - sum);
    long fixed = chosen.peakBytes() - walked.answered();
    List<MemoryPlan.Phase> timeline = new ArrayList<>();
    timeline.add(new MemoryPlan.Phase("load", fixed + walked.loaded()));
    timeline.add(new MemoryPlan.Phase("first step", fixed + walked.firstStep()));
    timeline.add(new MemoryPlan.Phase("steady step", fixed + walked.steadyStep()));
    if (prices.options().evaluation().isWanted()) {
      timeline.add(new MemoryPlan.Phase("evaluation", fixed + walked.evaluated()));
    }
    timeline.add(new MemoryPlan.Phase("save", chosen.peakBytes()));
    timeline.add(new MemoryPlan.Phase("merge", prices.merging()));
    timeline.add(new MemoryPlan.Phase("reload", prices.reloading()));
    List<MemoryPlan.Way> ways = fitting.isEmpty() ? ways(prices) : List.of();
    return new MemoryPlan(
        prices.options().limits().budget(),
        !fitting.isEmpty(),
        least,
        classes,
        chosen,
        timeline,
        prices.sizes().typical().tokens(),
        prices.rates().confidence(),
        fitting.stream().skip(1).limit(OTHERS).toList(),
        ways,
        prices.walks().effort((System.nanoTime() - begin) * 1e-9));
  }

  /** What to change, each alone, with what the job then takes at least. */
  private List<MemoryPlan.Way> ways(JobPrices prices) {
    List<MemoryPlan.Way> ways = new ArrayList<>();
    FinetuneOptions options = prices.options();
    int length = options.data().maxLength() / 2;
    if (length >= SHORTEST) {
      StepSizes shorter = StepSizes.full(options.data(), length);
      way(ways, "--max-length " + length, prices.changed(options, shorter));
    }
    FinetuneOptions.Adapting adapting = options.adapter();
    if (adapting.rank() > 1 && adapting.init() == null) {
      int rank = adapting.rank() / 2;
      way(ways, "--rank " + rank, prices.changed(options.withRank(rank), prices.sizes()));
    }
    return ways;
  }

  private static void way(List<MemoryPlan.Way> ways, String change, JobPrices prices) {
    ways.add(new MemoryPlan.Way(change, prices.search().least().peakBytes()));
  }
}
