package dev.nacelle.train;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;

/** The best rate at which this machine multiplies matrices of a model's shapes. */
public final class ProductRate {
  private static final int ROWS = 1024;
  private static final int REPEATS = 7;

  private ProductRate() {}

  /**
   * Floating-point operations a second, the best of the blocks' shapes in both directions and of
   * all libraries that are here.
   */
  public static double best(KernelSet kernels, ModelConfig config) {
    long c = config.hiddenSize();
    long m = config.intermediateSize();
    double best = 0;
    for (long[] shape : new long[][] {{m, c}, {c, m}, {c, c}}) {
      for (Products products : kernels.productLibraries()) {
        best = Math.max(best, rate(products, shape[0], shape[1], true));
        best = Math.max(best, rate(products, shape[1], shape[0], false));
      }
    }
    return best;
  }

  private static double rate(Products products, long n, long k, boolean transposed) {
    try (NativeBuffer x = NativeBuffer.allocate(4L * ROWS * k);
        NativeBuffer w = NativeBuffer.allocate(4L * n * k);
        NativeBuffer y = NativeBuffer.allocate(4L * ROWS * n)) {
      x.zero();
      w.zero();
      Operand out = Operand.of(y, DType.FP32, ROWS, n);
      Operand left = Operand.of(x, DType.FP32, ROWS, k);
      Operand right =
          transposed ? Operand.of(w, DType.FP32, n, k) : Operand.of(w, DType.FP32, k, n);
      double best = Double.MAX_VALUE;
      for (int i = 0; i < REPEATS; i++) {
        long begin = System.nanoTime();
        products.multiply(out, left, false, right, transposed, 1f, 0f);
        best = Math.min(best, (System.nanoTime() - begin) * 1e-9);
      }
      return 2.0 * ROWS * n * k / best;
    }
  }
}
