package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tensors that the three layers are measured on; parameters fp32, as in training. */
final class AdapterBench {
  final Operand x;
  final Operand w;
  final Operand y;
  final Operand hidden;
  final Operand gradY;
  final Operand gradX;
  final Operand gradA;
  final Operand gradB;
  final AdapterPair pair;

  /**
   * @param heads 0 for a b without heads
   */
  AdapterBench(DType dtype, BenchTensors bench, long heads) {
    long tokens = bench.size("T");
    long outputs = bench.size("M");
    long columns = bench.size("K");
    long rank = bench.size("R");
    x = bench.random(dtype, tokens, columns);
    w = bench.random(dtype, outputs, columns);
    y = bench.zeros(dtype, tokens, outputs);
    hidden = bench.zeros(DType.FP32, tokens, rank);
    gradY = bench.random(dtype, tokens, outputs);
    gradX = bench.zeros(dtype, tokens, columns);
    gradA = bench.zeros(DType.FP32, rank, columns);
    long[] shape = heads == 0 ? new long[] {outputs, rank} : new long[] {heads, outputs, rank};
    gradB = bench.zeros(DType.FP32, shape);
    pair =
        new AdapterPair(
            bench.random(DType.FP32, rank, columns),
            bench.random(DType.FP32, shape),
            2,
            AdapterPair.Dropout.NONE);
  }

  static Map<String, Long> sizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 1024L);
    sizes.put("M", 1536L);
    sizes.put("K", 576L);
    sizes.put("R", 16L);
    return sizes;
  }

  /** Both passes; {@code rank} is that of all heads together. */
  List<Measurement> measurements(Runnable forward, Runnable backward, long rank) {
    long tokens = x.size(0);
    long outputs = w.size(0);
    long columns = w.size(1);
    long bytes = x.byteSize() + w.byteSize() + y.byteSize();
    long product = 2 * tokens * outputs * columns;
    long low = 2 * tokens * rank * (outputs + columns);
    forward.run();
    return List.of(
        new Measurement("forward", bytes, product + low, Measurement.Limit.GEMM, forward),
        new Measurement(
            "backward", 2 * bytes, product + 2 * low, Measurement.Limit.GEMM, backward));
  }

  /**
   * What all three promise. Results are fp32 sums of a base, a low-rank share and more, rounded to
   * the storage type once; parameters' gradients are fp32 sums over tokens of such sums.
   */
  static Tolerance tolerance(String tensor, DType dtype, long terms) {
    return switch (tensor) {
      case "y", "grad_x" -> Tolerance.of(dtype, 1, 16 * terms);
      default -> Tolerance.of(DType.FP32, 1, 64 * terms);
    };
  }
}
