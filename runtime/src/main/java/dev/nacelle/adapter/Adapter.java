package dev.nacelle.adapter;

import dev.nacelle.file.AdapterConfig;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * The low-rank pairs of one adapter, in the order of the model's layers. It owns their memory.
 *
 * @param config rank, alpha, targets: what adapter_config.json says
 */
public record Adapter(AdapterConfig config, List<LowRankPair> pairs) implements AutoCloseable {
  /** What a module looks like to an adapter: its path and its width. */
  public record Module(String path, long out, long in) {}

  /** Elements that an adapter begins with; A (rank, in), B (out, rank). */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  public record Values(float[] a, float[] b) {}

  private static final Values NOTHING = new Values(new float[0], new float[0]);

  /** Where a module's values come from. */
  @FunctionalInterface
  public interface Source {
    Values values(Module module);
  }

  /** A fresh adapter: A uniform in ±1/√in, B zero. */
  public static Adapter fresh(
      Engine engine, AdapterConfig config, List<Module> modules, long seed) {
    int rank = config.rank();
    return of(
        engine,
        config,
        modules,
        seed,
        m ->
            new Values(
                AdapterInit.uniformA(rank, m.in, AdapterInit.moduleSeed(seed, m.path)),
                new float[Math.toIntExact(m.out * rank)]));
  }

  /** An adapter whose elements nobody sets, for a walk without kernels. */
  public static Adapter unset(Engine engine, AdapterConfig config, List<Module> modules) {
    return of(engine, config, modules, 0, m -> NOTHING);
  }

  /** An adapter with given values. */
  public static Adapter of(
      Engine engine, AdapterConfig config, List<Module> modules, long seed, Source source) {
    int rank = config.rank();
    List<LowRankPair> pairs = new ArrayList<>();
    List<Parameter> made = new ArrayList<>();
    try {
      for (Module m : modules) {
        Values values = source.values(m);
        Parameter a = parameter(engine, m.path + ".lora_A.weight", values.a, rank, m.in);
        made.add(a);
        Parameter b = parameter(engine, m.path + ".lora_B.weight", values.b, m.out, rank);
        made.add(b);
        pairs.add(
            new LowRankPair(
                m.path,
                a,
                b,
                (float) (config.alpha() / rank),
                (float) config.dropout(),
                AdapterInit.moduleSeed(seed, m.path + "#dropout")));
      }
    } catch (RuntimeException e) {
      made.forEach(p -> p.value().release());
      throw e;
    }
    return new Adapter(config, pairs);
  }

  static Parameter parameter(Engine engine, String name, float[] values, long rows, long columns) {
    return new Parameter(
        "base_model.model." + name,
        engine.allocator().of(LedgerClass.PARAMETERS, values, rows, columns));
  }

  /** The same parameters with another dropout; this record must not be used any more. */
  public Adapter withDropout(double dropout) {
    AdapterConfig c = config;
    return new Adapter(
        new AdapterConfig(
            c.rank(),
            c.alpha(),
            dropout,
            c.targets(),
            c.targetPattern(),
            c.excluded(),
            c.layers(),
            c.baseModel()),
        pairs.stream()
            .map(
                p ->
                    new LowRankPair(
                        p.modulePath(), p.a(), p.b(), p.scale(), (float) dropout, p.seed()))
            .toList());
  }

  /** All parameters, A then B of each module. */
  public List<Parameter> parameters() {
    List<Parameter> all = new ArrayList<>();
    for (LowRankPair pair : pairs) {
      all.add(pair.a());
      all.add(pair.b());
    }
    return all;
  }

  @Override
  public void close() {
    for (Parameter p : parameters()) {
      p.releaseGradient();
      p.value().release();
    }
  }
}
