package dev.nacelle.adapter;

import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * What one adapter adds, in the order of the model's layers. It owns their memory.
 *
 * @param config kind, rank, alpha, targets: what adapter_config.json says
 */
public record Adapter(AdapterConfig config, List<LayerAdapter> layers) implements AutoCloseable {
  /** What a module looks like to an adapter: its path and its width. */
  public record Module(String path, long out, long in) {}

  private static final float[] NOTHING = {};

  /** Where the elements of a module's tensors come from, row by row. */
  @FunctionalInterface
  public interface Source {
    float[] values(Module module, Part part);
  }

  /** A fresh adapter, which changes nothing yet. */
  public static Adapter fresh(
      Engine engine, AdapterConfig config, List<Module> modules, long seed) {
    return of(engine, config, modules, seed, (m, part) -> AdapterInit.values(part, m.path(), seed));
  }

  /** An adapter whose elements nobody sets, for a walk without kernels. */
  public static Adapter unset(Engine engine, AdapterConfig config, List<Module> modules) {
    return of(engine, config, modules, 0, (m, part) -> NOTHING);
  }

  /** An adapter with given values. */
  public static Adapter of(
      Engine engine, AdapterConfig config, List<Module> modules, long seed, Source source) {
    List<LayerAdapter> layers = new ArrayList<>();
    ParameterMaker maker = new ParameterMaker(engine);
    try {
      for (Module module : modules) {
        layers.add(
            switch (config.kind()) {
              case LoraKind lora -> LowRankPair.of(maker, config, module, source, seed);
              case HydraKind hydra -> HydraHeads.of(maker, config, hydra, module, source, seed);
            });
      }
    } catch (RuntimeException e) {
      maker.releaseAll();
      throw e;
    }
    return new Adapter(config, layers);
  }

  /** The same parameters with another dropout; this record must not be used any more. */
  public Adapter withDropout(double dropout) {
    return new Adapter(
        config.withDropout(dropout),
        layers.stream().map(layer -> layer.withDropout((float) dropout)).toList());
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

  /** All parameters, in the order of the file. */
  public List<Parameter> parameters() {
    return layers.stream().flatMap(layer -> layer.parameters().stream()).toList();
  }

  /** Paths of the adapted modules. */
  public List<String> modulePaths() {
    return layers.stream().map(LayerAdapter::modulePath).toList();
  }

  @Override
  public void close() {
    for (Parameter p : parameters()) {
      p.releaseGradient();
      p.value().release();
    }
  }
}
