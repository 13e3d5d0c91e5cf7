package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.AdapterFiles;
import dev.nacelle.adapter.RouterUse;
import dev.nacelle.data.BatchSource;
import dev.nacelle.data.DataCounts;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.data.StepBatches;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.layer.Linear;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.ProcessTrim;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.tape.Engine;
import dev.nacelle.tensor.Weight;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The steps of one run, with its evaluations, its patience and its saves. All that the next step
 * depends on is the adapter, the trainer's moments and {@link RunState}; whatever interrupts the
 * run, these three stand at the end of a whole step.
 */
final class FinetuneLoop {
  private final RunContext run;
  private final FinetuneOptions options;
  private final BaseModel base;
  private final Engine engine;
  private final DecoderModel model;
  private final Adapter adapter;
  private final FinetuneData data;
  private final CheckpointSaver saver;
  private final @Nullable Checkpoint from;
  private final long begin;
  private final RunPlan plan;

  private final ProcessTrim trim = new ProcessTrim();
  private RunState state;
  private long savedStep;
  private boolean gradientsDumped;
  private long trainBegin;
  private boolean collapseTold;
  private double trainSeconds;
  private @Nullable Double stepJoules;
  private SensorSummary sensed = SensorSummary.NONE;

  /**
   * @param from the checkpoint whose adapter this one is; null for a run from the start
   * @param begin when the process took the run up
   * @param plan how the run holds its memory
   */
  FinetuneLoop(
      RunContext run,
      BaseModel base,
      Engine engine,
      DecoderModel model,
      Adapter adapter,
      FinetuneData data,
      CheckpointSaver saver,
      @Nullable Checkpoint from,
      long begin,
      RunPlan plan) {
    this.run = run;
    this.options = run.options();
    this.base = base;
    this.engine = engine;
    this.model = model;
    this.adapter = adapter;
    this.data = data;
    this.saver = saver;
    this.from = from;
    this.begin = begin;
    this.plan = plan;
    this.state = from == null ? RunState.START : from.state();
    this.savedStep = state.step();
    this.gradientsDumped = state.step() > 0;
  }

  /** Takes all steps, evaluates and answers where asked, saves the adapter. */
  void run() {
    BatchSource source = data.batches(state.cursor());
    state = state.ofTotal(totalSteps(source));
    FinetuneOptions.Learning learning = options.learning();
    TrainSettings settings =
        new TrainSettings(
            Schedule.of(
                learning.schedule(), learning.rate(), learning.warmup(), state.totalSteps()),
            learning.adam(),
            learning.clip(),
            learning.balanceWeight());
    if (data.isMeasured()) {
      run.note(data.countsInWords());
    }
    try (RunSensors sensors = RunSensors.open(options.maxTemperature(), run::note);
        Trainer trainer = new Trainer(engine, model, adapter, settings, run.cancellation())) {
      trainer.spillInto(options.out());
      trainer.use(plan.strategy());
      trainer.observeGradients(this::dumpFirstGradients);
      announce(trainer);
      try {
        takeSteps(trainer, source, sensors);
        finish();
      } catch (CancelledException e) {
        throw saved(e, trainer);
      } catch (RuntimeException | Error e) {
        saveWhatIsThere(trainer, e);
        throw e;
      } finally {
        sensed = sensors.summary();
      }
    }
  }

  private void announce(Trainer trainer) {
    if (from != null) {
      trainer.restore(
          from.folder().resolve(Checkpoint.OPTIMIZER),
          state.step(),
          state.rowsDone(),
          run.faults());
      run.tell(new TrainEvent.Resumed(state.step(), state.loggedSteps(), from.folder()));
    }
    long trainable = adapter.parameters().stream().mapToLong(p -> p.value().elements()).sum();
    run.tell(new TrainEvent.Started(state.totalSteps(), trainable, adapter.layers().size()));
  }

  private void takeSteps(Trainer trainer, BatchSource source, RunSensors sensors) {
    if (state.step() == 0) {
      if (data.hasEval()) {
        state =
            state.evaluated(
                state.evaluation().beganWith(adapting(trainer, () -> evaluate(0))), false);
      }
      answerSamples();
    }
    if (plan.ownsProcess()) {
      trim.settle();
    }
    trainBegin = System.nanoTime();
    settle(trainer);
    while (state.step() < state.totalSteps() && !isOutOfPatience()) {
      run.cancellation().check();
      failIfAsked();
      sensors.before(run.cancellation());
      if (plan.look()) {
        adopt(trainer);
      }
      engine.allocator().limit(plan.arenaBytes());
      StepBatches drawn = source.next();
      if (plan.ownsProcess()) {
        trim.betweenSteps();
      }
      StepRecord done = step(trainer, batches(drawn));
      stepJoules = sensors.after();
      state = state.after(done, drawn.after(), trainer.rowsDone());
      settle(trainer);
    }
    trainSeconds = secondsSince(trainBegin);
    if (savedStep < state.step()) {
      save(trainer);
    }
  }

  /** Heads that nobody uses are paid for all the same: said once a run. */
  private void warnOfCollapse(long step, List<RouterUse> routers) {
    for (RouterUse use : routers) {
      if (use.isCollapsed() && !collapseTold) {
        collapseTold = true;
        run.note(
            String.format(
                Locale.ROOT,
                "router collapse: in step %d head %d of %s had %.1f %% of the weight; a"
                    + " --balance-weight (0.05, say) holds against it, or train fewer --heads",
                step,
                use.topHead(),
                use.modulePath(),
                100 * use.usage()[use.topHead()]));
      }
    }
  }

  /** A step, taken again in a leaner way where an allocation was refused. */
  private StepRecord step(Trainer trainer, List<PackedBatch> batches) {
    return adapting(trainer, () -> trainer.step(batches));
  }

  private <T> T adapting(Trainer trainer, Supplier<T> act) {
    while (true) {
      try {
        return act.get();
      } catch (NacelleException e) {
        boolean again =
            e.kind() == NacelleException.Kind.BUDGET && trainer.isWhole() && plan.leaner(e);
        if (!again) {
          throw e;
        }
        run.note("memory was refused (" + e.getMessage() + "): going on with less");
        adopt(trainer);
      }
    }
  }

  /** Holds memory as the plan says now; what the way before took more of is given back. */
  private void adopt(Trainer trainer) {
    trainer.use(plan.strategy());
    engine.allocator().trim();
    engine.allocator().limit(plan.arenaBytes());
  }

  /** What follows a step: its evaluation, its line in the log, its checkpoint. */
  private void settle(Trainer trainer) {
    StepRecord last = state.last();
    if (last == null) {
      return;
    }
    if (state.evaluationPending()) {
      EvaluationState evaluation = state.evaluation();
      Double loss = null;
      if (isEvaluationDue()) {
        loss = adapting(trainer, () -> evaluate(state.step()));
        evaluation = evaluation.plus(state.step(), loss);
        if (evaluation.isBest(state.step())) {
          saver.best().save(this::save);
        }
      }
      run.tell(new TrainEvent.Stepped(last, loss, stepJoules, trainer.routers()));
      warnOfCollapse(last.step(), trainer.routers());
      // Only now: whoever goes on from a state before it evaluates again, to the same end.
      state = state.evaluated(evaluation, false);
    }
    long every = options.saving().every();
    if (every > 0 && state.step() % every == 0 && savedStep < state.step()) {
      save(trainer);
    }
  }

  private void finish() {
    if (isOutOfPatience()) {
      run.note(
          "stopped after step %d: %d evaluations without a better one"
              .formatted(state.step(), state.evaluation().withoutBetter()));
    }
    if (!data.isMeasured()) {
      run.note(data.countsInWords());
    }
    save(options.out());
    run.tell(new TrainEvent.Saved(options.out()));
    answerSamples();
  }

  private void save(Trainer trainer) {
    run.tell(new TrainEvent.Saving(state.step()));
    RunState now = state.lasting(trainSecondsSoFar(), totalSecondsSoFar());
    Path folder = saver.save(now, trainer, options.saving().keep());
    savedStep = state.step();
    run.tell(new TrainEvent.Checkpointed(savedStep, folder));
  }

  private CancelledException saved(CancelledException asked, Trainer trainer) {
    if (state.step() == 0) {
      return asked;
    }
    if (savedStep < state.step()) {
      save(trainer);
    }
    return asked.saved(state.step(), saver.of(state.step()));
  }

  /**
   * A run that something around it ends keeps the steps before. One that ends by itself, with a
   * loss that is no number or a bug, has steps that should not push out older checkpoints.
   */
  private void saveWhatIsThere(Trainer trainer, Throwable failure) {
    boolean fromOutside =
        failure instanceof NacelleException known && known.kind() != NacelleException.Kind.INTERNAL;
    if (!fromOutside || !trainer.isWhole() || savedStep == state.step()) {
      return;
    }
    try {
      save(trainer);
      run.note("what was done up to step " + savedStep + " is saved; --resume goes on from there");
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private void failIfAsked() {
    if (run.faults().next(FaultInjector.Act.STEP)) {
      throw new NacelleException(
          NacelleException.Kind.INTERNAL,
          FaultInjector.VARIABLE + " made step " + (state.step() + 1) + " fail",
          "unset " + FaultInjector.VARIABLE);
    }
  }

  private static double secondsSince(long begin) {
    return (System.nanoTime() - begin) * 1e-9;
  }

  private double trainSecondsSoFar() {
    double before = from == null ? 0 : from.state().trainSeconds();
    double now = trainSeconds > 0 || trainBegin == 0 ? trainSeconds : secondsSince(trainBegin);
    return before + now;
  }

  private double totalSecondsSoFar() {
    return (from == null ? 0 : from.state().totalSeconds()) + secondsSince(begin);
  }

  private void answerSamples() {
    List<String> prompts = options.samplePrompts();
    for (int i = 0; i < prompts.size(); i++) {
      String answer =
          ChatAnswer.greedy(
              base,
              model,
              prompts.get(i),
              ChatAnswer.MOST_SAMPLE_TOKENS,
              () -> !run.cancellation().isAsked());
      run.cancellation().check();
      run.tell(new TrainEvent.Sampled(state.step(), i, prompts.get(i), answer));
    }
  }

  private void save(Path folder) {
    Map<String, Weight> frozen = new LinkedHashMap<>();
    for (Linear linear : model.linears()) {
      if (linear.adapter() != null && linear.path().equals(DecoderModel.HEAD)) {
        frozen.put(linear.path(), linear.weight());
      }
    }
    AdapterFiles.save(folder, adapter, frozen, run.faults());
  }

  private void dumpFirstGradients(Adapter adapter) {
    Path dump = options.dumpGradients();
    if (dump != null && !gradientsDumped) {
      gradientsDumped = true;
      AdapterFiles.saveGradients(dump, adapter, run.faults());
    }
  }

  private List<PackedBatch> batches(StepBatches step) {
    return step.microBatches().stream()
        .map(samples -> Batches.of(samples, options.data().packing(), base.padId()))
        .toList();
  }

  private boolean isEvaluationDue() {
    long every = options.evaluation().every();
    return data.hasEval()
        && (state.step() == state.totalSteps() || (every > 0 && state.step() % every == 0));
  }

  private boolean isOutOfPatience() {
    int patience = options.evaluation().patience();
    return patience > 0 && state.evaluation().withoutBetter() >= patience;
  }

  private double evaluate(long step) {
    Evaluator.Sum sum = data.evaluate(new Evaluator(engine, model, plan.strategy()));
    run.tell(new TrainEvent.Evaluated(step, sum.mean(), sum.targetTokens()));
    return sum.mean();
  }

  private long totalSteps(BatchSource source) {
    FinetuneOptions.Length length = options.length();
    long total =
        length.steps() > 0
            ? length.steps()
            : Math.max(1, (long) Math.ceil(length.epochs() * source.stepsPerEpoch()));
    if (total < state.step()) {
      throw NacelleException.input(
          (length.steps() > 0 ? "--steps " + total : "--epochs " + length.epochs())
              + " asks for "
              + total
              + " steps, and the checkpoint has "
              + state.step()
              + " already",
          "ask for more, or start anew with --overwrite instead of --resume");
    }
    return total;
  }

  /** Mapped weights that were let go again: the ledger counts them whole. */
  private long streamedAway() {
    boolean streamed = plan.strategy().weights() == Strategy.Weights.STREAMED;
    long tokens = (long) options.data().batchSize() * options.data().maxLength();
    return model.mappedBytes(false, tokens) - model.mappedBytes(streamed, tokens);
  }

  private Map<LedgerClass, Long> classes() {
    Map<LedgerClass, Long> classes = engine.ledger().classesAtPeak();
    classes.merge(LedgerClass.PARAMETERS, -streamedAway(), Long::sum);
    return classes;
  }

  /** What the run has come to so far. */
  FinetuneResult result() {
    DataCounts counts = data.counts();
    KernelSet set = engine.kernels();
    long rows = (long) options.data().batchSize() * options.data().maxLength();
    return new FinetuneResult(
        state.last(),
        state.step(),
        from == null ? null : from.state().step(),
        data.isMeasured(),
        counts.samples(),
        counts.truncated(),
        counts.dropped(),
        data.badLines(),
        state.tokens(),
        trainSecondsSoFar(),
        totalSecondsSoFar(),
        state.evaluation().before(),
        state.evaluation().after(),
        state.evaluation().best(),
        classes(),
        engine.ledger().peak() - streamedAway(),
        engine.allocator().touchedBytes(),
        ProcessMemory.peakResidentBytes(),
        set.isaLevel(),
        set.backend().label(),
        set.products()
            .library(
                rows, model.config().intermediateSize(), model.config().hiddenSize(), false, true),
        sensed);
  }
}
