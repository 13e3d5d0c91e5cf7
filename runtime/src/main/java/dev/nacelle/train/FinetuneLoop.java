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
import dev.nacelle.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The steps of one run, with its evaluations, its patience and its saves. */
final class FinetuneLoop {
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

  /** Takes all steps, evaluates where asked, saves the adapter. */
  FinetuneResult run() {
    BatchSource source = data.batches();
    long totalSteps = totalSteps(source);
    FinetuneOptions.Learning learning = options.learning();
    TrainSettings settings =
        new TrainSettings(
            Schedule.of(learning.schedule(), learning.rate(), learning.warmup(), totalSteps),
            learning.adam(),
            learning.clip());
    long trainable = adapter.parameters().stream().mapToLong(p -> p.value().elements()).sum();
    listener.accept(new TrainEvent.Started(totalSteps, trainable, adapter.pairs().size()));
    if (data.hasEval()) {
      evaluate(0);
    }
    long trainBegin = System.nanoTime();
    long tokens = 0;
    StepRecord last = null;
    try (Trainer trainer = new Trainer(engine, model, adapter, settings, cancellation)) {
      trainer.observeGradients(this::dumpFirstGradients);
      while (trainer.stepsDone() < totalSteps && !isOutOfPatience()) {
        if (faults.next(FaultInjector.Act.STEP)) {
          throw new NacelleException(
              NacelleException.Kind.INTERNAL,
              "NACELLE_FAULT made step " + (trainer.stepsDone() + 1) + " fail",
              "unset NACELLE_FAULT");
        }
        last = trainer.step(batches(source.next()));
        tokens += last.tokens();
        boolean due = isEvaluationDue(last.step(), totalSteps);
        Double evalLoss = due ? evaluate(last.step()) : null;
        listener.accept(new TrainEvent.Stepped(last, evalLoss));
      }
    }
    double trainSeconds = (System.nanoTime() - trainBegin) * 1e-9;
    if (last == null) {
      throw new IllegalStateException("a run of no steps");
    }
    if (isOutOfPatience()) {
      listener.accept(
          new TrainEvent.Note(
              "stopped after step %d: %d evaluations without a better one"
                  .formatted(last.step(), evaluationsWithoutBetter)));
    }
    save(options.out());
    listener.accept(new TrainEvent.Saved(options.out()));
    return result(last, tokens, trainSeconds);
  }

  private void save(Path folder) {
    Map<String, Tensor> frozen = new LinkedHashMap<>();
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

  private FinetuneResult result(StepRecord last, long tokens, double trainSeconds) {
    DataCounts counts = data.counts();
    KernelSet set = engine.kernels();
    long rows = (long) options.data().batchSize() * options.data().maxLength();
    return new FinetuneResult(
        last,
        last.step(),
        counts == null ? -1 : counts.samples(),
        counts == null ? -1 : counts.truncated(),
        counts == null ? -1 : counts.dropped(),
        data.badLines(),
        tokens,
        trainSeconds,
        (System.nanoTime() - begin) * 1e-9,
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
