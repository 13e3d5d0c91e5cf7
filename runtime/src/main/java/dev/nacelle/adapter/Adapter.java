package dev.nacelle.adapter;

import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * The low-rank pairs of one adapter, in the order of the model's layers. It owns their memory.
 *
 * @param rank R
 * @param alpha scale times rank
 */
public record Adapter(int rank, double alpha, List<LowRankPair> pairs) implements AutoCloseable {
  /** What a module looks like to an adapter: its path and its width. */
  public record Module(String path, long out, long in) {}

  /** Elements that an adapter begins with; A (rank, in), B (out, rank). */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  public record Values(float[] a, float[] b) {}

  /** Where a module's values come from. */
  @FunctionalInterface
  public interface Source {
    Values values(Module module);
  }

  /** A fresh adapter: A uniform in ±1/√in, B zero. */
  public static Adapter fresh(
      Engine engine, List<Module> modules, int rank, double alpha, double dropout, long seed) {
    return of(
        engine,
        modules,
        rank,
        alpha,
        dropout,
        seed,
        m ->
            new Values(
                AdapterInit.uniformA(rank, m.in, AdapterInit.moduleSeed(seed, m.path)),
                new float[Math.toIntExact(m.out * rank)]));
  }

  /** An adapter with given values. */
  public static Adapter of(
      Engine engine,
      List<Module> modules,
      int rank,
      double alpha,
      double dropout,
      long seed,
      Source source) {
    List<LowRankPair> pairs = new ArrayList<>();
    for (Module m : modules) {
      Values values = source.values(m);
      pairs.add(
          new LowRankPair(
              m.path,
              parameter(engine, m.path + ".lora_A.weight", values.a, rank, m.in),
              parameter(engine, m.path + ".lora_B.weight", values.b, m.out, rank),
              (float) (alpha / rank),
              (float) dropout,
              AdapterInit.moduleSeed(seed, m.path + "#dropout")));
    }
    return new Adapter(rank, alpha, pairs);
  }

  private static Parameter parameter(
      Engine engine, String name, float[] values, long rows, long columns) {
    return new Parameter(
        "base_model.model." + name,
        engine
            .allocator()
            .allocate(LedgerClass.PARAMETERS, DType.FP32, rows, columns)
            .fill(values));
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
