package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.AdapterFiles;
import dev.nacelle.adapter.Targets;
import dev.nacelle.data.BatchSource;
import dev.nacelle.data.DataCounts;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.data.StepBatches;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.model.LlamaModel;
import dev.nacelle.tape.Engine;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One fine-tuning from options to files: opens what it needs, takes the steps, saves the adapter. */
public final class Finetune {
  private final FinetuneOptions options;
  private final FaultInjector faults;
  private final IntFunction<KernelSet> kernels;
  private final Consumer<TrainEvent> listener;
  private final long begin = System.nanoTime();

  private @Nullable Double evalBefore;
  private @Nullable Double evalAfter;
  private @Nullable Double evalBest;
  private int evaluationsWithoutBetter;
  private boolean gradientsDumped;

  /**
   * @param kernels opens kernels for a number of threads
   * @param listener hears what happens, on the calling thread
   */
  public Finetune(
      FinetuneOptions options,
      FaultInjector faults,
      IntFunction<KernelSet> kernels,
      Consumer<TrainEvent> listener) {
    this.options = options;
    this.faults = faults;
    this.kernels = kernels;
    this.listener = listener;
  }

  /**
   * Runs to the end.
   *
   * @throws NacelleException as each part says; what was saved before stays
   */
  public FinetuneResult run() {
    OutputFolder.prepare(options.out(), options.overwrite());
    try (BaseModel base = BaseModel.open(options.model(), faults);
        FinetuneData data = new FinetuneData(options, base, listener);
        Engine engine =
            new Engine(
                kernels.apply(options.threads()),
                new Allocator(() -> faults.next(FaultInjector.Act.ALLOC)));
        LlamaModel model = base.load(engine, options.dtype());
        Adapter adapter = adapter(engine, model)) {
      BaseModel.install(model, adapter);
      return train(base, data, engine, model, adapter);
    }
  }

  private Adapter adapter(Engine engine, LlamaModel model) {
    FinetuneOptions.Adapting wanted = options.adapter();
    List<Adapter.Module> modules = BaseModel.modules(model);
    if (wanted.init() != null) {
      return AdapterFiles.load(engine, wanted.init(), modules, wanted.dropout(), options.seed());
    }
    Set<String> chosen =
        Targets.parse(wanted.targets(), wanted.layers())
            .select(modules.stream().map(Adapter.Module::path).toList())
            .stream()
            .collect(Collectors.toSet());
    return Adapter.fresh(
        engine,
        modules.stream().filter(m -> chosen.contains(m.path())).toList(),
        wanted.rank(),
        wanted.alpha(),
        wanted.dropout(),
        options.seed());
  }

  private FinetuneResult train(
      BaseModel base, FinetuneData data, Engine engine, LlamaModel model, Adapter adapter) {
    BatchSource source = data.batches();
    long totalSteps = totalSteps(source);
    FinetuneOptions.Learning learning = options.learning();
    TrainSettings settings =
        new TrainSettings(
            Schedule.of(learning.schedule(), learning.rate(), learning.warmup(), totalSteps),
            learning.adam(),
            learning.clip());
    Evaluator evaluator = new Evaluator(engine, model);
    long trainable = adapter.parameters().stream().mapToLong(p -> p.value().elements()).sum();
    listener.accept(new TrainEvent.Started(totalSteps, trainable, adapter.pairs().size()));
    if (data.hasEval()) {
      evaluate(data, evaluator, adapter, 0);
    }
    long trainBegin = System.nanoTime();
    long tokens = 0;
    StepRecord last = null;
    try (Trainer trainer = new Trainer(engine, model, adapter, settings)) {
      trainer.observeGradients(this::dumpFirstGradients);
      while (trainer.stepsDone() < totalSteps && !isOutOfPatience()) {
        if (faults.next(FaultInjector.Act.STEP)) {
          throw new NacelleException(
              NacelleException.Kind.INTERNAL,
              "NACELLE_FAULT made step " + (trainer.stepsDone() + 1) + " fail",
              "unset NACELLE_FAULT");
        }
        last = trainer.step(batches(base, source.next()));
        tokens += last.tokens();
        boolean due = isEvaluationDue(data, last.step(), totalSteps);
        Double evalLoss = due ? evaluate(data, evaluator, adapter, last.step()) : null;
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
    AdapterFiles.save(options.out(), adapter, options.model(), faults);
    listener.accept(new TrainEvent.Saved(options.out()));
    return result(data, engine, model, last, tokens, trainSeconds);
  }

  private void dumpFirstGradients(Adapter adapter) {
    Path dump = options.dumpGradients();
    if (dump != null && !gradientsDumped) {
      gradientsDumped = true;
      AdapterFiles.saveGradients(dump, adapter, faults);
    }
  }

  private List<PackedBatch> batches(BaseModel base, StepBatches step) {
    return step.microBatches().stream()
        .map(samples -> Batches.of(samples, options.data().packing(), base.padId()))
        .toList();
  }

  private boolean isEvaluationDue(FinetuneData data, long step, long totalSteps) {
    long every = options.evaluation().every();
    return data.hasEval() && (step == totalSteps || (every > 0 && step % every == 0));
  }

  private boolean isOutOfPatience() {
    int patience = options.evaluation().patience();
    return patience > 0 && evaluationsWithoutBetter >= patience;
  }

  private double evaluate(FinetuneData data, Evaluator evaluator, Adapter adapter, long step) {
    Evaluator.Sum sum = data.evaluate(evaluator);
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
      AdapterFiles.save(
          options.out().resolve("checkpoints").resolve("best"), adapter, options.model(), faults);
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

  private FinetuneResult result(
      FinetuneData data,
      Engine engine,
      LlamaModel model,
      StepRecord last,
      long tokens,
      double trainSeconds) {
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
                rows,
                model.config().intermediateSize(),
                model.config().hiddenSize(),
                false,
                true));
  }
}
