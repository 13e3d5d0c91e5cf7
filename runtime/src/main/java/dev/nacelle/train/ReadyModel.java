package dev.nacelle.train;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A model with its weights and, where asked for, adapters: ready to evaluate and to generate. */
public final class ReadyModel implements AutoCloseable {
  private final BaseModel base;
  private final Engine engine;
  private final FaultInjector faults;
  private final DecoderModel model;
  private @Nullable Adapter adapter;

  private ReadyModel(BaseModel base, Engine engine, DecoderModel model, FaultInjector faults) {
    this.base = base;
    this.engine = engine;
    this.model = model;
    this.faults = faults;
  }

  /**
   * Opens a model and loads its weights.
   *
   * @param adapters what is added to it; empty for the model as it is
   * @param kernels asked once the model's files are known to be good
   * @throws dev.nacelle.NacelleException as the files' readers say
   */
  public static ReadyModel open(
      Path path,
      List<AdapterBlend.Choice> adapters,
      DType compute,
      Supplier<KernelSet> kernels,
      FaultInjector faults) {
    return open(path, adapters, compute, kernels, faults, (base, set) -> {});
  }

  /** Sees what would be loaded, before any of it is. */
  @FunctionalInterface
  public interface Planner {
    /**
     * @throws dev.nacelle.NacelleException of kind BUDGET where it does not fit
     */
    void plan(BaseModel base, KernelSet kernels);
  }

  /**
   * The same behind a plan.
   *
   * @param planner called once the model's headers are known to be good
   */
  public static ReadyModel open(
      Path path,
      List<AdapterBlend.Choice> adapters,
      DType compute,
      Supplier<KernelSet> kernels,
      FaultInjector faults,
      Planner planner) {
    BaseModel base = BaseModel.open(path, faults);
    Engine engine = null;
    DecoderModel model = null;
    try {
      engine = new Engine(kernels.get(), new Allocator(() -> faults.next(FaultInjector.Act.ALLOC)));
      planner.plan(base, engine.kernels());
      model = base.load(engine, compute);
      ReadyModel ready = new ReadyModel(base, engine, model, faults);
      ready.adapt(adapters);
      return ready;
    } catch (RuntimeException e) {
      close(model, engine, base);
      throw e;
    }
  }

  /** Takes off what was added before and adds these instead. */
  public void adapt(List<AdapterBlend.Choice> adapters) {
    BaseModel.uninstall(model);
    if (adapter != null) {
      adapter.close();
      adapter = null;
    }
    if (!adapters.isEmpty()) {
      Adapter blend = AdapterBlend.load(engine, adapters, BaseModel.modules(model), faults);
      BaseModel.install(model, blend);
      adapter = blend;
    }
  }

  public BaseModel base() {
    return base;
  }

  public Engine engine() {
    return engine;
  }

  public DecoderModel model() {
    return model;
  }

  @Override
  public void close() {
    if (adapter != null) {
      adapter.close();
    }
    close(model, engine, base);
  }

  private static void close(@Nullable DecoderModel model, @Nullable Engine engine, BaseModel base) {
    if (model != null) {
      model.close();
    }
    if (engine != null) {
      engine.close();
    }
    base.close();
  }
}
