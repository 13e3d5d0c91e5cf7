package dev.nacelle.adapter;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.tensor.Weight;

/**
 * The rows of a frozen matrix as floats, some at a time, whatever it is stored as: what is held
 * does not grow with the matrix.
 */
final class WidenedRows implements AutoCloseable {
  /** Elements at a time: 1 MiB in fp32. */
  private static final long AT_ONCE = 1 << 18;

  private final KernelSet kernels;
  private final Weight weight;
  private final int columns;
  private final int each;
  private final NativeBuffer wide;
  private final NativeBuffer ids;
  private final float[] values;

  WidenedRows(KernelSet kernels, Weight weight) {
    this.kernels = kernels;
    this.weight = weight;
    this.columns = Math.toIntExact(weight.size(1));
    this.each = Math.toIntExact(Math.clamp(AT_ONCE / columns, 1, weight.size(0)));
    this.wide = NativeBuffer.allocate(4L * each * columns);
    this.ids = NativeBuffer.allocate(4L * each);
    this.values = new float[each * columns];
  }

  int rows() {
    return Math.toIntExact(weight.size(0));
  }

  int columns() {
    return columns;
  }

  /** Sees some rows. */
  interface Visitor {
    /**
     * @param first number of the first row
     * @param values (count, columns), good until the next call
     */
    void see(int first, int count, float[] values);
  }

  /** Shows all rows, in their order. */
  void forEach(Visitor visitor) {
    for (int first = 0; first < rows(); first += each) {
      int count = Math.min(each, rows() - first);
      Operand to = Operand.of(wide, DType.FP32, count, columns);
      switch (weight.matrix()) {
        case Operand plain -> kernels.elementwise().convert(to, plain.rows(first, first + count));
        case BlockMatrix blocks -> {
          for (int i = 0; i < count; i++) {
            ids.setInt(i, first + i);
          }
          kernels.dequantize().gatherRows(to, blocks, Operand.of(ids, DType.I32, count));
        }
      }
      wide.read(0, values, 0, count * columns);
      visitor.see(first, count, values);
    }
  }

  @Override
  public void close() {
    wide.close();
    ids.close();
  }
}
