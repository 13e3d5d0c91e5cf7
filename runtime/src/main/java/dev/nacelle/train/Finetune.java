package dev.nacelle.train;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.model.LlamaModel;
import dev.nacelle.tape.Engine;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** One fine-tuning from options to files: opens what it needs and hands over to the loop. */
public final class Finetune {
  private final FinetuneOptions options;
  private final FaultInjector faults;
  private final IntFunction<KernelSet> kernels;
  private final Consumer<TrainEvent> listener;
  private final Cancellation cancellation;

  /**
   * @param kernels opens kernels for a number of threads
   * @param listener hears what happens, on the calling thread
   * @param cancellation stops the run from another thread
   */
  public Finetune(
      FinetuneOptions options,
      FaultInjector faults,
      IntFunction<KernelSet> kernels,
      Consumer<TrainEvent> listener,
      Cancellation cancellation) {
    this.options = options;
    this.faults = faults;
    this.kernels = kernels;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  /**
   * Runs to the end.
   *
   * @throws CancelledException where the cancellation asked for it; the state is saved
   * @throws dev.nacelle.NacelleException as each part says; what was saved before stays
   */
  public FinetuneResult run() {
    long begin = System.nanoTime();
    OutputFolder.prepare(options.out(), options.overwrite());
    try (BaseModel base = BaseModel.open(options.model(), faults);
        Engine engine =
            new Engine(
                kernels.apply(options.threads()),
                new Allocator(() -> faults.next(FaultInjector.Act.ALLOC)));
        LlamaModel model = base.load(engine, options.dtype());
        Adapter adapter = adapter(engine, model);
        FinetuneData data = new FinetuneData(options, base, listener, cancellation)) {
      BaseModel.install(model, adapter);
      FinetuneLoop loop =
          new FinetuneLoop(
              options, faults, listener, cancellation, base, engine, model, adapter, data, begin);
      try {
        loop.run();
      } finally {
        listener.accept(new TrainEvent.Ended(loop.result()));
      }
      return loop.result();
    }
  }

  private Adapter adapter(Engine engine, LlamaModel model) {
    FinetuneOptions.Adapting wanted = options.adapter();
    List<Adapter.Module> modules = BaseModel.modules(model);
    Path init = wanted.init();
    return init != null
        ? InitialAdapter.load(engine, init, modules, wanted, options.seed(), faults)
        : InitialAdapter.fresh(engine, modules, wanted, options.model(), options.seed());
  }
}
