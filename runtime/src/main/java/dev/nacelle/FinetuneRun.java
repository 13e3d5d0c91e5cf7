package dev.nacelle;

import dev.nacelle.planning.HostPlan;
import dev.nacelle.report.RunIdentity;
import dev.nacelle.report.RunOutcome;
import dev.nacelle.report.RunRecorder;
import dev.nacelle.report.RunReport;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.OptionFlags;
import dev.nacelle.train.RunPlanner;
import dev.nacelle.train.StepRecord;
import dev.nacelle.train.TrainEvent;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One fine-tuning of an engine, to be run once. {@link #run} works on the thread that calls it;
 * {@link #cancel} may come from any other. It holds no native memory before and after the run.
 */
public final class FinetuneRun {
  private final Nacelle engine;
  private final FinetuneOptions options;
  private final Consumer<FinetuneEvent> listener;
  private final Cancellation cancellation = new Cancellation();
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CountDownLatch ended = new CountDownLatch(1);

  FinetuneRun(Nacelle engine, FinetuneOptions options, Consumer<FinetuneEvent> listener) {
    this.engine = engine;
    this.options = options;
    this.listener = listener;
  }

  /**
   * Trains to the end; the folder then holds the adapter, log.jsonl and the reports, as after
   * {@code ./nacelle finetune}.
   *
   * @throws NacelleException of kind INTERRUPTED after {@link #cancel}; USAGE where the folder
   *     holds something or the run was run before; INPUT for a model, an adapter or data that are
   *     missing, malformed or do not match; BUDGET where the memory does not suffice, or the budget
   *     of the description; ENVIRONMENT where the folder cannot be written; INTERNAL where the loss
   *     is not a number. What was saved before stays. An exception of the listener comes out as it
   *     is
   */
  public FinetuneSummary run() {
    if (begun.getAndSet(true)) {
      throw NacelleException.usage(
          "this fine-tuning was run before", "make another with Nacelle.finetune");
    }
    try {
      engine.begin(this);
      return Failures.guard(this::train);
    } finally {
      engine.end(this);
      ended.countDown();
    }
  }

  private FinetuneSummary train() {
    String slow = engine.fallbackReason().orElse(null);
    if (slow != null) {
      hear(new TrainEvent.Note(slow));
    }
    RunIdentity identity = new RunIdentity(Nacelle.VERSION, options.command(), flags());
    try (RunRecorder recorder = new RunRecorder(options, identity, engine.faults())) {
      Consumer<TrainEvent> both =
          event -> {
            recorder.accept(event);
            hear(event);
          };
      try {
        FinetuneResult result =
            new Finetune(options, engine.faults(), engine::kernels, both, cancellation, planner())
                .run();
        RunReport ignored = recorder.done();
        return summary(result);
      } catch (RuntimeException | Error e) {
        recorder.stopped(RunOutcome.of(e), e);
        throw e;
      }
    }
  }

  private RunPlanner planner() {
    Long budget = options.limits().budget();
    return budget == null
        ? RunPlanner.NONE
        : HostPlan.within(budget, text -> hear(new TrainEvent.Note(text)));
  }

  /** What was asked for, as the command line's flags, several values a line each. */
  private Map<String, String> flags() {
    Map<String, String> flags = new LinkedHashMap<>();
    OptionFlags.of(options).forEach((flag, values) -> flags.put(flag, String.join("\n", values)));
    flags.put("--out", options.out().toString());
    return flags;
  }

  /** Asks the run to stop after the step that it is in; returns at once. */
  public void cancel() {
    cancellation.stop();
  }

  /** Waits until a run that has begun is over; whether the thread was interrupted meanwhile. */
  boolean awaitEnd() {
    boolean interrupted = false;
    while (true) {
      try {
        ended.await();
        return interrupted;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }

  private void hear(TrainEvent event) {
    FinetuneEvent told = translate(event);
    if (told != null) {
      Failures.call(() -> listener.accept(told));
    }
  }

  /** Null for what the summary or the exception tells. */
  private static @Nullable FinetuneEvent translate(TrainEvent event) {
    return switch (event) {
      case TrainEvent.Note note -> new FinetuneEvent.Note(note.text());
      case TrainEvent.Preparing at -> new FinetuneEvent.Preparing(at.what(), at.done(), at.total());
      case TrainEvent.HeadsChosen chosen ->
          new FinetuneEvent.HeadsChosen(
              chosen.curve().chosen(), chosen.curve().sse(), chosen.remembered());
      case TrainEvent.Started started ->
          new FinetuneEvent.Started(started.totalSteps(), started.trainable(), started.modules());
      case TrainEvent.Stepped stepped -> translate(stepped.step(), stepped.evalLoss());
      case TrainEvent.Evaluated evaluated ->
          new FinetuneEvent.Evaluated(evaluated.step(), evaluated.loss(), evaluated.targetTokens());
      case TrainEvent.Resumed resumed ->
          new FinetuneEvent.Resumed(resumed.step(), resumed.checkpoint());
      case TrainEvent.Saving saving -> null;
      case TrainEvent.Checkpointed checkpoint ->
          new FinetuneEvent.Checkpointed(checkpoint.step(), checkpoint.folder());
      case TrainEvent.Sampled sampled ->
          new FinetuneEvent.Sampled(sampled.step(), sampled.prompt(), sampled.answer());
      case TrainEvent.Saved saved -> new FinetuneEvent.Saved(saved.folder());
      case TrainEvent.Ended ended -> null;
    };
  }

  private static FinetuneEvent translate(StepRecord step, @Nullable Double evaluationLoss) {
    return new FinetuneEvent.Stepped(
        step.step(),
        step.loss(),
        step.tokens(),
        step.targetTokens(),
        step.rate(),
        step.gradNorm(),
        step.seconds(),
        step.bytes(),
        step.peakBytes(),
        optional(evaluationLoss));
  }

  private FinetuneSummary summary(FinetuneResult result) {
    StepRecord last = result.last();
    Map<String, Long> classes = new LinkedHashMap<>();
    result.classes().forEach((kind, bytes) -> classes.put(kind.label(), bytes));
    return new FinetuneSummary(
        options.out(),
        result.steps(),
        last == null ? Double.NaN : last.loss(),
        optional(result.evalBefore()),
        optional(result.evalAfter()),
        result.tokens(),
        result.trainSeconds(),
        result.totalSeconds(),
        result.ledgerPeakBytes(),
        classes);
  }

  private static OptionalDouble optional(@Nullable Double value) {
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }
}
