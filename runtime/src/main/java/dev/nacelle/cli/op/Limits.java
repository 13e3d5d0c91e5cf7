package dev.nacelle.cli.op;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.nativeaccess.DType;
import java.util.Map;

/**
 * What this machine can do at best, measured with the same threads in the same run.
 *
 * @param copyBandwidth bytes read plus written a second by a plain copy that no cache holds
 * @param gemmRate flop/s of the best of the products that a small language model is made of, of all
 *     libraries that are here
 * @param gemmLibrary what multiplied
 */
record Limits(double copyBandwidth, double gemmRate, String gemmLibrary) {
  /** Two buffers of 96 MiB: beyond the last-level cache that a process has to itself. */
  private static final long COPY_FLOATS = 24 << 20;

  /** (M, N, K) of SmolLM2-135M's feed-forward and head, as facts/libtorch-abi.md §3 has them. */
  private static final long[][] PRODUCTS = {{1024, 1536, 576}, {1024, 576, 1536}, {512, 8192, 576}};

  static Limits measure(KernelSet kernels, BestTime time) {
    double copy;
    try (BenchTensors bench = new BenchTensors(Map.of())) {
      Operand from = bench.random(DType.FP32, COPY_FLOATS);
      Operand to = bench.zeros(DType.FP32, COPY_FLOATS);
      double bytes = 2.0 * from.byteSize();
      double ours = time.of(() -> kernels.elementwise().convert(to, from));
      // The system's own copy may bypass the cache, but runs on one thread.
      double system = time.of(() -> to.buffer().copyFrom(0, from.buffer(), 0, from.byteSize()));
      copy = bytes / Math.min(ours, system);
    }
    double best = 0;
    String library = "";
    for (long[] shape : PRODUCTS) {
      try (BenchTensors bench = new BenchTensors(Map.of())) {
        Operand a = bench.random(DType.FP32, shape[0], shape[2]);
        Operand b = bench.random(DType.FP32, shape[1], shape[2]);
        Operand c = bench.zeros(DType.FP32, shape[0], shape[1]);
        for (Products products : kernels.productLibraries()) {
          double seconds = time.of(() -> products.multiply(c, a, false, b, true, 1, 0));
          double rate = 2.0 * shape[0] * shape[1] * shape[2] / seconds;
          if (rate > best) {
            best = rate;
            library = products.library(shape[0], shape[1], shape[2], false, true);
          }
        }
      }
    }
    return new Limits(copy, best, library);
  }
}
