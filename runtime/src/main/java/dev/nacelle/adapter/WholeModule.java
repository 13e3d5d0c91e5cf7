package dev.nacelle.adapter;

import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.WholeModules;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * A module of the base model that trains as a copy of its own: PEFT's modules_to_save. The base's
 * weight stays where and as it is; where head and token table are tied, they are so no more.
 *
 * @param modulePath {@code lm_head} or {@code model.embed_tokens}
 * @param weight (V, C) fp32, whatever the base has
 */
public record WholeModule(String modulePath, Parameter weight) {
  /** Elements of a file at a time. */
  private static final int AT_ONCE = 1 << 18;

  /** Fills the rows of a fresh copy. */
  private interface Filling {
    void into(Tensor copy);
  }

  private static WholeModule make(
      Engine engine, String path, long vocabulary, long channels, Filling filling) {
    Tensor copy =
        engine.allocator().allocate(LedgerClass.PARAMETERS, DType.FP32, vocabulary, channels);
    try {
      if (!engine.allocator().isRehearsal()) {
        filling.into(copy);
      }
    } catch (RuntimeException | Error e) {
      copy.release();
      throw e;
    }
    return new WholeModule(
        path, new Parameter(PeftAdapter.PREFIX + path + WholeModules.WEIGHT, copy));
  }

  /**
   * Copies of the base's weights, widened where they are narrow or quantised.
   *
   * @param names as the adapter's configuration has them
   * @param weights of the modules, by their paths
   */
  public static List<WholeModule> fresh(
      Engine engine, List<String> names, Function<String, Weight> weights) {
    return all(
        WholeModules.paths(names),
        path -> {
          Weight weight = weights.apply(path);
          return make(
              engine, path, weight.size(0), weight.size(1), copy -> widen(engine, copy, weight));
        });
  }

  /** One of each, or none where one cannot be made. */
  private static <T> List<WholeModule> all(Iterable<T> of, Function<T, WholeModule> make) {
    List<WholeModule> made = new ArrayList<>();
    try {
      for (T each : of) {
        made.add(make.apply(each));
      }
      return made;
    } catch (RuntimeException | Error e) {
      made.forEach(WholeModule::release);
      throw e;
    }
  }

  private static void widen(Engine engine, Tensor copy, Weight weight) {
    long columns = weight.size(1);
    try (WidenedRows rows = new WidenedRows(engine.kernels(), weight)) {
      rows.forEach(
          (first, count, values) -> {
            copy.storage()
                .buffer()
                .write(first * columns, values, 0, Math.toIntExact(count * columns));
            // Nobody else reads the base's pages from here on, or they come again row by row.
            NativeMemory.letGo(weight.memory());
          });
    }
  }

  /** What a file holds whole. */
  static List<WholeModule> read(Engine engine, PeftAdapter file) {
    return all(
        file.whole(),
        whole ->
            make(
                engine,
                whole.modulePath(),
                whole.out(),
                whole.in(),
                copy -> copyRows(copy, file, whole)));
  }

  private static void copyRows(Tensor copy, PeftAdapter file, PeftAdapter.Adapted whole) {
    long each = Math.max(1, AT_ONCE / whole.in());
    for (long first = 0; first < whole.out(); first += each) {
      long count = Math.min(each, whole.out() - first);
      float[] values = file.rows(whole.modulePath(), WholeModules.WEIGHT, first, count);
      copy.storage().buffer().write(first * whole.in(), values, 0, values.length);
    }
  }

  /** Whether it is the head, which works only where there is a target. */
  public boolean isHead() {
    return modulePath.equals(WholeModules.HEAD);
  }

  /** Operations for each token that the gradient of the copy takes: the head's is a product. */
  public double flopsPerToken() {
    return isHead() ? 2.0 * weight.value().elements() : 0;
  }

  void release() {
    weight.releaseGradient();
    weight.value().release();
  }
}
