package dev.nacelle.adapter;

import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.VeraKind;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Weight;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What one adapter adds, in the order of the model's layers. It owns their memory.
 *
 * @param config kind, rank, alpha, targets: what adapter_config.json says
 * @param whole modules that train as copies of their own
 * @param basis what VeRA's layers share; null for other kinds
 */
public record Adapter(
    AdapterConfig config,
    List<LayerAdapter> layers,
    List<WholeModule> whole,
    @Nullable VeraBasis basis)
    implements AutoCloseable {
  /** Beside linear layers alone, which share nothing. */
  public Adapter(AdapterConfig config, List<LayerAdapter> layers) {
    this(config, layers, List.of(), null);
  }

  /**
   * The same with modules that train whole, owned from here on; this record is used no more. Where
   * they cannot be made it is closed.
   */
  public Adapter with(Supplier<List<WholeModule>> modules) {
    try {
      return new Adapter(config, layers, modules.get(), basis);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** What a module looks like to an adapter: its path and its width. */
  public record Module(String path, long out, long in) {}

  /** Hears how far a long beginning is. */
  @FunctionalInterface
  public interface Progress {
    void at(long module, long of);
  }

  private static final float[] NOTHING = {};

  /** Where the elements of a module's tensors come from, row by row. */
  @FunctionalInterface
  public interface Source {
    float[] values(Module module, Part part);
  }

  /**
   * A fresh adapter, which changes nothing yet.
   *
   * @param weights of the modules, by their paths
   */
  public static Adapter fresh(
      Engine engine,
      AdapterConfig config,
      List<Module> modules,
      long seed,
      Function<String, Weight> weights) {
    Source beginnings =
        config.kind() instanceof VeraKind vera
            ? new VeraBeginning(vera, config.rank())
            : (m, part) -> AdapterInit.values(part, m.path(), seed);
    Adapter adapter = of(engine, config, modules, seed, beginnings);
    for (LayerAdapter layer : adapter.layers) {
      if (layer instanceof DoraPair dora) {
        dora.keepLengths(engine, weights.apply(dora.modulePath()));
      }
    }
    return adapter;
  }

  /**
   * A fresh adapter that begins as a part of each weight, which the layers then lack: it changes
   * nothing yet either.
   *
   * @param weights of the modules, by their paths
   * @param progress hears of each module that is begun
   */
  public static Adapter fresh(
      Engine engine,
      AdapterConfig config,
      Beginning beginning,
      List<Module> modules,
      long seed,
      Function<String, Weight> weights,
      Progress progress) {
    PartSource parts =
        new PartSource(
            engine, config, beginning, seed, weights, n -> progress.at(n, modules.size()));
    return of(engine, config, modules, seed, parts, parts);
  }

  /**
   * An adapter whose elements nobody sets, for a walk without kernels.
   *
   * @param takesPart whether it begins as a part of each weight
   */
  public static Adapter unset(
      Engine engine, AdapterConfig config, boolean takesPart, List<Module> modules) {
    Source nothing = (m, part) -> NOTHING;
    return of(engine, config, modules, 0, nothing, takesPart ? nothing : null);
  }

  /** An adapter with given values. */
  public static Adapter of(
      Engine engine, AdapterConfig config, List<Module> modules, long seed, Source source) {
    return of(engine, config, modules, seed, source, null);
  }

  /**
   * An adapter with given values.
   *
   * @param beginning of what the layers lack; null where they are whole
   */
  static Adapter of(
      Engine engine,
      AdapterConfig config,
      List<Module> modules,
      long seed,
      Source source,
      @Nullable Source beginning) {
    List<LayerAdapter> layers = new ArrayList<>();
    ParameterMaker maker = new ParameterMaker(engine);
    VeraBasis basis = null;
    try {
      if (config.kind() instanceof VeraKind vera) {
        basis = VeraBasis.of(maker, config, vera, modules, source);
      }
      for (Module module : modules) {
        layers.add(
            switch (config.kind()) {
              case LoraKind lora -> LowRankPair.of(maker, config, module, source, beginning, seed);
              case HydraKind hydra -> HydraHeads.of(maker, config, hydra, module, source, seed);
              case DoraKind dora -> DoraPair.of(maker, config, module, source, seed);
              case VeraKind vera ->
                  VeraVectors.of(
                      maker, config, Objects.requireNonNull(basis), module, source, seed);
            });
      }
    } catch (RuntimeException e) {
      maker.releaseAll();
      throw e;
    }
    return new Adapter(config, layers, List.of(), basis);
  }

  /** What its file says: a part that the layers lack is an adapter's of twice the rank. */
  AdapterConfig savedConfig() {
    boolean doubled =
        layers.stream().anyMatch(l -> l instanceof LowRankPair pair && pair.part() != null);
    return doubled ? config.doubled() : config;
  }

  /** The same parameters with another dropout; this record must not be used any more. */
  public Adapter withDropout(double dropout) {
    return new Adapter(
        config.withDropout(dropout),
        layers.stream().map(layer -> layer.withDropout((float) dropout)).toList(),
        whole,
        basis);
  }

  /** Multiplies what is added to every layer. */
  void scaleUps(float factor) {
    for (LayerAdapter layer : layers) {
      for (Parameter up : layer.ups()) {
        float[] values = up.value().toFloats();
        for (int i = 0; i < values.length; i++) {
          values[i] *= factor;
        }
        up.value().fill(values);
      }
    }
  }

  /** The routers of the layers that have one. */
  public List<RouterWatch> routers() {
    List<RouterWatch> routers = new ArrayList<>();
    for (LayerAdapter layer : layers) {
      if (layer instanceof HydraHeads heads) {
        routers.add(heads.watch());
      }
    }
    return routers;
  }

  /** All that trains, in the order of the file. */
  public List<Parameter> parameters() {
    return Stream.concat(
            layers.stream().flatMap(layer -> layer.parameters().stream()),
            whole.stream().map(WholeModule::weight))
        .toList();
  }

  /** Parameters whose rate the LoRA+ ratio multiplies. */
  public Set<Parameter> ups() {
    Set<Parameter> ups = Collections.newSetFromMap(new IdentityHashMap<>());
    layers.forEach(layer -> ups.addAll(layer.ups()));
    return ups;
  }

  /** Operations for each token, forward and back, that it adds to the base model's. */
  public double flopsPerToken() {
    return layers.stream().mapToDouble(LayerAdapter::flopsPerToken).sum()
        + whole.stream().mapToDouble(WholeModule::flopsPerToken).sum();
  }

  /** Paths of the adapted modules. */
  public List<String> modulePaths() {
    return layers.stream().map(LayerAdapter::modulePath).toList();
  }

  @Override
  public void close() {
    for (LayerAdapter layer : layers) {
      for (Parameter p : layer.tensors()) {
        p.releaseGradient();
        p.value().release();
      }
    }
    whole.forEach(WholeModule::release);
    if (basis != null) {
      basis.release();
    }
  }
}
