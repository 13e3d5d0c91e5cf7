package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;

/**
 * Some rows of the matrix at a time, widened in plain Java and handed to whatever multiplies: where
 * no C library could be built that is OpenBLAS, as an oracle the loops of the reference.
 */
public final class ReferenceQuantizedLinear implements QuantizedLinear {
  private static final long TILE_ROWS = 64;

  private final Products products;

  public ReferenceQuantizedLinear(Products products) {
    this.products = products;
  }

  @Override
  public void forward(Operand y, Operand x, BlockMatrix weight) {
    QuantArguments.linear("y", y, "x", x, weight);
    try (NativeBuffer memory = memory(weight)) {
      BlockRows rows = new BlockRows(weight);
      for (long from = 0; from < weight.size(0); from += TILE_ROWS) {
        Operand tile = tile(memory, weight, rows, from);
        products.multiply(columns(y, from, tile.size(0)), x, false, tile, true, 1, 0);
      }
    }
  }

  /** Sums over several tiles stay in fp32 until they are whole, whatever gradX is stored as. */
  @Override
  public void backward(Operand gradX, Operand gradY, BlockMatrix weight, float beta) {
    QuantArguments.linear("gradY", gradY, "gradX", gradX, weight);
    try (NativeBuffer memory = memory(weight);
        NativeBuffer wide = NativeBuffer.allocate(gradX.elements() * DType.FP32.bytes())) {
      Operand sum = Operand.of(wide, DType.FP32, gradX.shape());
      for (long i = 0; i < sum.elements(); i++) {
        double old = beta == 0 ? 0 : Elements.get(gradX, Elements.offset(gradX, i));
        Elements.set(sum, i, beta * old);
      }
      BlockRows rows = new BlockRows(weight);
      for (long from = 0; from < weight.size(0); from += TILE_ROWS) {
        Operand tile = tile(memory, weight, rows, from);
        products.multiply(sum, columns(gradY, from, tile.size(0)), false, tile, false, 1, 1);
      }
      Elements.copy(gradX, sum);
    }
  }

  private static NativeBuffer memory(BlockMatrix weight) {
    return NativeBuffer.allocate(TILE_ROWS * weight.size(1) * DType.FP32.bytes());
  }

  private static Operand tile(NativeBuffer memory, BlockMatrix weight, BlockRows rows, long from) {
    long n = Math.min(TILE_ROWS, weight.size(0) - from);
    for (long row = 0; row < n; row++) {
      float[] values = rows.read(from + row);
      memory.write(row * values.length, values, 0, values.length);
    }
    return Operand.view(
        memory, 0, DType.FP32, new long[] {n, weight.size(1)}, new long[] {weight.size(1), 1});
  }

  /** Columns {@code from} to {@code from + n} of a matrix. */
  private static Operand columns(Operand x, long from, long n) {
    return Operand.view(
        x.buffer(),
        x.byteOffset() + from * x.dtype().bytes(),
        x.dtype(),
        new long[] {x.size(0), n},
        new long[] {x.stride(0), 1});
  }
}
