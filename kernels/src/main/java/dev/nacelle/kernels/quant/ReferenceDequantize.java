package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Dequantize;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;

/** Rows widened one by one in plain Java. */
public final class ReferenceDequantize implements Dequantize {
  @Override
  public void forward(Operand y, BlockMatrix matrix) {
    QuantArguments.dequantize(y, matrix);
    BlockRows rows = new BlockRows(matrix);
    for (long row = 0; row < matrix.size(0); row++) {
      put(y, row, rows.read(row));
    }
  }

  @Override
  public void gatherRows(Operand y, BlockMatrix table, Operand ids) {
    QuantArguments.gatherRows(y, table, ids);
    for (long i = 0; i < ids.size(0); i++) {
      long id = Elements.getInteger(ids, i);
      if (id < 0 || id >= table.size(0)) {
        throw QuantArguments.badId(i, id, table);
      }
    }
    BlockRows rows = new BlockRows(table);
    for (long i = 0; i < ids.size(0); i++) {
      put(y, i, rows.read(Elements.getInteger(ids, i)));
    }
  }

  private static void put(Operand y, long row, float[] values) {
    for (int i = 0; i < values.length; i++) {
      Elements.set(y, row * y.stride(0) + i, values[i]);
    }
  }
}
