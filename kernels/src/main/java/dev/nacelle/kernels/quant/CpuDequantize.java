package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Dequantize;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.common.NativeFunctions;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The face of dequantize/dequantize.c. */
public final class CpuDequantize implements Dequantize {
  private final int threads;
  private final MethodHandle forward;

  public CpuDequantize(NativeFunctions library) {
    threads = library.threads();
    forward = library.bindLong("nk_dequantize_forward", "PPPPLLLLLLIIII");
  }

  @Override
  public void forward(Operand y, BlockMatrix matrix) {
    QuantArguments.dequantize(y, matrix);
    long ignored = run(y, matrix, null);
  }

  @Override
  public void gatherRows(Operand y, BlockMatrix table, Operand ids) {
    QuantArguments.gatherRows(y, table, ids);
    long bad = run(y, table, ids);
    if (bad >= 0) {
      throw QuantArguments.badId(bad, Elements.getInteger(ids, bad), table);
    }
  }

  private long run(Operand y, BlockMatrix matrix, @Nullable Operand ids) {
    Operand blocks = matrix.blocks();
    Operand absmax = matrix.absmax();
    try {
      return (long)
          forward.invokeExact(
              y.address(),
              blocks.address(),
              absmax == null ? 0L : absmax.address(),
              ids == null ? 0L : ids.address(),
              y.size(0),
              matrix.size(0),
              matrix.size(1),
              y.stride(0),
              blocks.stride(0),
              matrix.headRows(),
              DTypeCodes.of(y.dtype()),
              ids == null ? 0 : DTypeCodes.of(ids.dtype()),
              matrix.format().code(),
              threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dequantize_forward", t);
    }
  }
}
