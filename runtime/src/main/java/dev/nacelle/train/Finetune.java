package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.WholeModule;
import dev.nacelle.data.topics.TopicCurve;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.tape.Engine;
import dev.nacelle.tensor.BlockTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * One fine-tuning from options to files: opens what it needs, finds the checkpoint to go on from
 * where that is asked for, and hands over to the loop.
 */
public final class Finetune {
  private final RunContext run;
  private final FinetuneOptions options;
  private final FaultInjector faults;
  private final Cancellation cancellation;
  private final IntFunction<KernelSet> kernels;
  private final RunPlanner planner;
  private final Checkpoints checkpoints;

  /** A run without a plan. */
  public Finetune(
      FinetuneOptions options,
      FaultInjector faults,
      IntFunction<KernelSet> kernels,
      Consumer<TrainEvent> listener,
      Cancellation cancellation) {
    this(options, faults, kernels, listener, cancellation, RunPlanner.NONE);
  }

  /**
   * @param kernels opens kernels for a number of threads
   * @param listener hears what happens, on the calling thread
   * @param cancellation stops the run from another thread
   * @param planner chooses how the run holds its memory
   */
  public Finetune(
      FinetuneOptions options,
      FaultInjector faults,
      IntFunction<KernelSet> kernels,
      Consumer<TrainEvent> listener,
      Cancellation cancellation,
      RunPlanner planner) {
    this.planner = planner;
    this.run = new RunContext(options, faults, listener, cancellation);
    this.options = options;
    this.faults = faults;
    this.kernels = kernels;
    this.cancellation = cancellation;
    this.checkpoints = new Checkpoints(options.out(), faults);
  }

  /**
   * Runs to the end.
   *
   * @throws CancelledException where the cancellation asked for it; the state is saved
   * @throws NacelleException as each part says; what was saved before stays
   */
  public FinetuneResult run() {
    long begin = System.nanoTime();
    boolean resume = options.saving().resume();
    try (OutputFolder folder = OutputFolder.take(options.out(), options.overwrite() || resume)) {
      folder.sweep();
      Checkpoint from = resume ? find() : null;
      try {
        return run(from, begin);
      } catch (CancelledException e) {
        throw from == null || e.checkpoint() != null
            ? e
            : e.saved(from.state().step(), from.folder());
      }
    }
  }

  /** The checkpoint to go on from; null where none was written yet. */
  private @Nullable Checkpoint find() {
    Path out = options.out();
    Optional<Map<String, List<String>>> remembered = RunMemory.read(out);
    remembered.ifPresent(this::requireSameFlags);
    Optional<Checkpoint> found = checkpoints.newest(run::note, cancellation::check);
    if (found.isEmpty()) {
      run.note("there is no checkpoint in " + out + " yet: starting afresh");
      return null;
    }
    if (remembered.isEmpty()) {
      requireSameFlags(found.get().provenance().flags());
    }
    return found.get();
  }

  private void requireSameFlags(Map<String, List<String>> remembered) {
    Map<String, List<String>> now = OptionFlags.of(options);
    Set<String> different = OptionFlags.contradictions(remembered, now);
    if (different.isEmpty()) {
      return;
    }
    String flag = different.iterator().next();
    throw NacelleException.input(
        String.join(", ", different)
            + ": another value than the run in "
            + options.out()
            + " was started with ("
            + flag
            + " was "
            + said(remembered.get(flag))
            + ", is "
            + said(now.get(flag))
            + ")",
        "leave it out to go on with --resume, or start anew with --overwrite instead");
  }

  private static String said(@Nullable List<String> values) {
    return values == null ? "not given" : String.join(" ", values);
  }

  private FinetuneResult run(@Nullable Checkpoint from, long begin) {
    try (BaseModel base = BaseModel.open(options.model(), faults)) {
      Map<String, String> modelHashes = RunInputs.model(base, cancellation);
      if (from != null) {
        from.provenance().inputs().requireModel(modelHashes, options.model());
      }
      try (FinetuneData data = new FinetuneData(run, base);
          Engine engine =
              new Engine(
                  kernels.apply(options.threads()),
                  new Allocator(() -> faults.next(FaultInjector.Act.ALLOC)))) {
        HeadChoice choice = HeadChoice.of(run, data, from);
        RunPlan plan =
            planner.plan(base, engine.kernels(), choice.options(), () -> data.sizes(base.padId()));
        engine.allocator().limit(plan.arenaBytes());
        return run(from, begin, base, modelHashes, data, choice, engine, plan);
      }
    }
  }

  /** Asks the planner as a run would, and runs nothing; without data, full rows are planned. */
  public void planOnly() {
    // Full rows need no tokenizer, unless prompts are to be answered.
    boolean isFull = options.data().files().isEmpty();
    boolean isSilent = isFull && options.samplePrompts().isEmpty();
    try (BaseModel base =
            isSilent
                ? BaseModel.openHeaders(options.model(), faults)
                : BaseModel.open(options.model(), faults);
        KernelSet set = kernels.apply(options.threads())) {
      if (isFull) {
        StepSizes full = StepSizes.full(options.data(), options.data().maxLength());
        RunPlan ignored = planner.plan(base, set, options, () -> full);
        return;
      }
      try (FinetuneData data = new FinetuneData(run, base)) {
        FinetuneOptions settled = HeadChoice.of(run, data, null).options();
        RunPlan ignored = planner.plan(base, set, settled, () -> data.sizes(base.padId()));
      }
    }
  }

  private FinetuneResult run(
      @Nullable Checkpoint from,
      long begin,
      BaseModel base,
      Map<String, String> modelHashes,
      FinetuneData data,
      HeadChoice choice,
      Engine engine,
      RunPlan plan) {
    try (DecoderModel model = base.load(engine, options.dtype());
        Adapter adapter = adapter(engine, model, choice.options().adapter(), from)) {
      RunInputs inputs = new RunInputs(modelHashes, data.hashes(), data.evalHashes());
      if (from != null) {
        from.provenance().inputs().requireData(inputs, options);
      }
      BaseModel.install(model, adapter);
      noteWhole(model, adapter);
      begin(from, choice.curve());
      Provenance provenance =
          new Provenance(
              inputs,
              OptionFlags.of(options),
              engine.kernels().isaLevel(),
              options.threads(),
              Map.of());
      if (from != null) {
        adopt(from.provenance(), provenance, engine.kernels());
      }
      CheckpointSaver saver = new CheckpointSaver(checkpoints, provenance, engine, adapter, faults);
      return train(
          new FinetuneLoop(run, base, engine, model, adapter, data, saver, from, begin, plan));
    }
  }

  /** What trains whole costs more than all else of an adapter: said with its bytes. */
  private void noteWhole(DecoderModel model, Adapter adapter) {
    for (WholeModule whole : adapter.whole()) {
      boolean quantised = model.weight(whole.modulePath()) instanceof BlockTensor;
      long bytes = whole.weight().value().byteSize();
      run.note(
          whole.modulePath()
              + " trains as "
              + (quantised ? "a dequantised fp32 copy" : "an fp32 copy")
              + " of "
              + bytes
              + " bytes, with its gradient and two moments "
              + 4 * bytes);
    }
  }

  private FinetuneResult train(FinetuneLoop loop) {
    try {
      loop.run();
    } finally {
      run.tell(new TrainEvent.Ended(loop.result()));
    }
    return loop.result();
  }

  /** Writes down what is to be remembered; of a run that starts afresh nothing older stays. */
  private void begin(@Nullable Checkpoint from, @Nullable TopicCurve heads) {
    if (from == null) {
      checkpoints.clear();
    } else {
      checkpoints.best().restore(from.folder());
    }
    checkpoints.make();
    RunMemory.write(options.out(), options, heads, faults);
  }

  /** The same bits as before where that is possible; a note where it is not. */
  private void adopt(Provenance before, Provenance now, KernelSet kernels) {
    if (before.isa().equals(now.isa()) && before.threads() == now.threads()) {
      kernels.products().adopt(before.products());
      return;
    }
    run.note(
        "the checkpoint was computed at level %s with %d threads, this run has %s and %d: losses"
                .formatted(before.isa(), before.threads(), now.isa(), now.threads())
            + " agree within 1e-4, but not in every bit");
  }

  /** Tells how far the beginnings out of the weights are, which take a while. */
  private void beginning(long module, long of) {
    cancellation.check();
    run.tell(new TrainEvent.Preparing("initialising", module, of));
  }

  private Adapter adapter(
      Engine engine,
      DecoderModel model,
      FinetuneOptions.Adapting wanted,
      @Nullable Checkpoint from) {
    List<Adapter.Module> modules = BaseModel.modules(model);
    if (from != null) {
      return InitialAdapter.resumed(engine, from.folder(), modules, wanted, options.seed(), faults);
    }
    Path init = wanted.init();
    return init != null
        ? InitialAdapter.load(engine, init, modules, wanted, options.seed(), faults)
        : InitialAdapter.fresh(
            engine,
            modules,
            wanted,
            options.model(),
            options.seed(),
            model::weight,
            this::beginning);
  }
}
