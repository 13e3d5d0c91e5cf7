package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.AdapterFiles;
import dev.nacelle.data.BatchSource;
import dev.nacelle.data.DataCounts;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.data.StepBatches;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.layer.Linear;
import dev.nacelle.model.LlamaModel;
import dev.nacelle.tape.Engine;
import dev.nacelle.tensor.Weight;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The steps of one run, with its evaluations, its patience and its saves. */
final class FinetuneLoop {
  private static final int MOST_SAMPLE_TOKENS = 128;

  private final FinetuneOptions options;
  private final FaultInjector faults;
  private final Consumer<TrainEvent> listener;
  private final Cancellation cancellation;
  private final BaseModel base;
  private final Engine engine;
  private final LlamaModel model;
  private final Adapter adapter;
  private final FinetuneData data;
  private final long begin;

  private @Nullable Double evalBefore;
  private @Nullable Double evalAfter;
  private @Nullable Double evalBest;
  private int evaluationsWithoutBetter;
  private boolean gradientsDumped;
  private long trainBegin;
  private double trainSeconds;
  private long tokens;
  private @Nullable StepRecord last;

  FinetuneLoop(
      FinetuneOptions options,
      FaultInjector faults,
      Consumer<TrainEvent> listener,
      Cancellation cancellation,
      BaseModel base,
      Engine engine,
      LlamaModel model,
      Adapter adapter,
      FinetuneData data,
      long begin) {
    this.options = options;
    this.faults = faults;
    this.listener = listener;
    this.cancellation = cancellation;
    this.base = base;
    this.engine = engine;
    this.model = model;
    this.adapter = adapter;
    this.data = data;
    this.begin = begin;
  }

  /** Takes all steps, evaluates and answers where asked, saves the adapter. */
  void run() {
    BatchSource source = data.batches();
    long totalSteps = totalSteps(source);
    FinetuneOptions.Learning learning = options.learning();
    TrainSettings settings =
        new TrainSettings(
            Schedule.of(learning.schedule(), learning.rate(), learning.warmup(), totalSteps),
            learning.adam(),
            learning.clip());
    long trainable = adapter.parameters().stream().mapToLong(p -> p.value().elements()).sum();
    if (data.isMeasured()) {
      listener.accept(new TrainEvent.Note(data.countsInWords()));
    }
    listener.accept(new TrainEvent.Started(totalSteps, trainable, adapter.pairs().size()));
    if (data.hasEval()) {
      evaluate(0);
    }
    answerSamples(0);
    trainBegin = System.nanoTime();
    try (Trainer trainer = new Trainer(engine, model, adapter, settings, cancellation)) {
      trainer.observeGradients(this::dumpFirstGradients);
      while (trainer.stepsDone() < totalSteps && !isOutOfPatience()) {
        if (faults.next(FaultInjector.Act.STEP)) {
          throw new NacelleException(
              NacelleException.Kind.INTERNAL,
              "NACELLE_FAULT made step " + (trainer.stepsDone() + 1) + " fail",
              "unset NACELLE_FAULT");
        }
        StepRecord step = trainer.step(batches(source.next()));
        last = step;
        tokens += step.tokens();
        boolean due = isEvaluationDue(step.step(), totalSteps);
        Double evalLoss = due ? evaluate(step.step()) : null;
        listener.accept(new TrainEvent.Stepped(step, evalLoss));
      }
    }
    trainSeconds = secondsSince(trainBegin);
    if (isOutOfPatience()) {
      listener.accept(
          new TrainEvent.Note(
              "stopped after step %d: %d evaluations without a better one"
                  .formatted(stepsDone(), evaluationsWithoutBetter)));
    }
    if (!data.isMeasured()) {
      listener.accept(new TrainEvent.Note(data.countsInWords()));
    }
    save(options.out());
    listener.accept(new TrainEvent.Saved(options.out()));
    answerSamples(stepsDone());
  }

  private long stepsDone() {
    return last == null ? 0 : last.step();
  }

  private static double secondsSince(long begin) {
    return (System.nanoTime() - begin) * 1e-9;
  }

  private void answerSamples(long step) {
    List<String> prompts = options.samplePrompts();
    for (int i = 0; i < prompts.size(); i++) {
      String answer =
          ChatAnswer.greedy(
              base, model, prompts.get(i), MOST_SAMPLE_TOKENS, () -> !cancellation.isAsked());
      cancellation.check();
      listener.accept(new TrainEvent.Sampled(step, i, prompts.get(i), answer));
    }
  }

  private void save(Path folder) {
    Map<String, Weight> frozen = new LinkedHashMap<>();
    for (Linear linear : model.linears()) {
      if (linear.pair() != null && linear.path().equals(LlamaModel.HEAD)) {
        frozen.put(linear.path(), linear.weight());
      }
    }
    AdapterFiles.save(folder, adapter, frozen, faults);
  }

  private void dumpFirstGradients(Adapter adapter) {
    Path dump = options.dumpGradients();
    if (dump != null && !gradientsDumped) {
      gradientsDumped = true;
      AdapterFiles.saveGradients(dump, adapter, faults);
    }
  }

  private List<PackedBatch> batches(StepBatches step) {
    return step.microBatches().stream()
        .map(samples -> Batches.of(samples, options.data().packing(), base.padId()))
        .toList();
  }

  private boolean isEvaluationDue(long step, long totalSteps) {
    long every = options.evaluation().every();
    return data.hasEval() && (step == totalSteps || (every > 0 && step % every == 0));
  }

  private boolean isOutOfPatience() {
    int patience = options.evaluation().patience();
    return patience > 0 && evaluationsWithoutBetter >= patience;
  }

  private double evaluate(long step) {
    Evaluator.Sum sum = data.evaluate(new Evaluator(engine, model));
    double loss = sum.mean();
    listener.accept(new TrainEvent.Evaluated(step, loss, sum.targetTokens()));
    if (step == 0) {
      evalBefore = loss;
      return loss;
    }
    evalAfter = loss;
    if (evalBest == null || loss < evalBest) {
      evalBest = loss;
      evaluationsWithoutBetter = 0;
      save(options.out().resolve("checkpoints").resolve("best"));
    } else {
      evaluationsWithoutBetter++;
    }
    return loss;
  }

  private long totalSteps(BatchSource source) {
    FinetuneOptions.Length length = options.length();
    if (length.steps() > 0) {
      return length.steps();
    }
    return Math.max(1, (long) Math.ceil(length.epochs() * source.stepsPerEpoch()));
  }

  /** What the run has come to so far. */
  FinetuneResult result() {
    DataCounts counts = data.counts();
    KernelSet set = engine.kernels();
    long rows = (long) options.data().batchSize() * options.data().maxLength();
    return new FinetuneResult(
        last,
        stepsDone(),
        data.isMeasured(),
        counts.samples(),
        counts.truncated(),
        counts.dropped(),
        data.badLines(),
        tokens,
        trainSeconds > 0 || trainBegin == 0 ? trainSeconds : secondsSince(trainBegin),
        secondsSince(begin),
        evalBefore,
        evalAfter,
        evalBest,
        engine.ledger().classesAtPeak(),
        engine.ledger().peak(),
        ProcessMemory.peakResidentBytes(),
        set.isaLevel(),
        set.backend().label(),
        set.products()
            .library(
                rows, model.config().intermediateSize(), model.config().hiddenSize(), false, true));
  }
}
