package dev.nacelle.kernels.cpu;

import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.ElementwiseChecks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;

/** The face of elementwise/elementwise.c. */
public final class CpuElementwise implements Elementwise {
  private static final int DIMENSIONS = 4;

  private final int threads;
  private final MethodHandle convert;
  private final MethodHandle add;
  private final MethodHandle scale;
  private final MethodHandle addBias;
  private final MethodHandle gatherRows;
  private final MethodHandle dropout;

  public CpuElementwise(NativeFunctions library) {
    threads = library.threads();
    convert = library.bind("nk_convert_forward", "PPLLLLLLLLLLLLIII");
    add = library.bind("nk_add_forward", "PPLIIFI");
    scale = library.bind("nk_scale_forward", "PLIFI");
    addBias = library.bind("nk_add_bias_forward", "PPLLLIII");
    gatherRows = library.bindLong("nk_gather_rows_forward", "PPPLLLLLIIII");
    dropout = library.bind("nk_dropout_forward", "PPLIIFLLII");
  }

  @Override
  public void convert(Operand y, Operand x) {
    ElementwiseChecks.convert(y, x);
    long[][] merged = merge(x.shape(), y.strides(), x.strides());
    long[] n = merged[0];
    long[] ys = merged[1];
    long[] xs = merged[2];
    try {
      convert.invokeExact(
          y.address(),
          x.address(),
          n[0],
          n[1],
          n[2],
          n[3],
          ys[0],
          ys[1],
          ys[2],
          ys[3],
          xs[0],
          xs[1],
          xs[2],
          xs[3],
          DTypeCodes.of(y.dtype()),
          DTypeCodes.of(x.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_convert_forward", t);
    }
  }

  /** Merges neighbouring dimensions that both operands walk as one, and pads to four in front. */
  static long[][] merge(long[] shape, long[] ys, long[] xs) {
    long[] n = new long[DIMENSIONS];
    long[] y = new long[DIMENSIONS];
    long[] x = new long[DIMENSIONS];
    int at = DIMENSIONS;
    for (int d = shape.length - 1; d >= 0; d--) {
      if (shape[d] == 1) {
        continue;
      }
      if (at < DIMENSIONS && ys[d] == y[at] * n[at] && xs[d] == x[at] * n[at]) {
        n[at] *= shape[d];
        continue;
      }
      if (at == 0) {
        throw new IllegalArgumentException(
            "cannot walk more than " + DIMENSIONS + " strided dimensions");
      }
      at--;
      n[at] = shape[d];
      y[at] = ys[d];
      x[at] = xs[d];
    }
    while (at > 0) {
      at--;
      n[at] = 1;
    }
    if (n[DIMENSIONS - 1] == 1) {
      y[DIMENSIONS - 1] = 1;
      x[DIMENSIONS - 1] = 1;
    }
    return new long[][] {n, y, x};
  }

  @Override
  public void add(Operand y, Operand x, float factor) {
    ElementwiseChecks.add(y, x);
    try {
      add.invokeExact(
          y.address(),
          x.address(),
          y.elements(),
          DTypeCodes.of(y.dtype()),
          DTypeCodes.of(x.dtype()),
          factor,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_add_forward", t);
    }
  }

  @Override
  public void scale(Operand y, float factor) {
    ElementwiseChecks.scale(y);
    try {
      scale.invokeExact(y.address(), y.elements(), DTypeCodes.of(y.dtype()), factor, threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_scale_forward", t);
    }
  }

  @Override
  public void addBias(Operand y, Operand bias) {
    ElementwiseChecks.addBias(y, bias);
    try {
      addBias.invokeExact(
          y.address(),
          bias.address(),
          y.size(0),
          y.size(1),
          y.stride(0),
          DTypeCodes.of(y.dtype()),
          DTypeCodes.of(bias.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_add_bias_forward", t);
    }
  }

  @Override
  public void gatherRows(Operand y, Operand table, Operand ids) {
    ElementwiseChecks.gatherRows(y, table, ids);
    long bad;
    try {
      bad =
          (long)
              gatherRows.invokeExact(
                  y.address(),
                  table.address(),
                  ids.address(),
                  y.size(0),
                  table.size(0),
                  y.size(1),
                  y.stride(0),
                  table.stride(0),
                  DTypeCodes.of(y.dtype()),
                  DTypeCodes.of(table.dtype()),
                  DTypeCodes.of(ids.dtype()),
                  threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_gather_rows_forward", t);
    }
    if (bad >= 0) {
      long at = ids.byteOffset() / ids.dtype().bytes() + bad;
      long id = ids.dtype() == DType.I64 ? ids.buffer().getLong(at) : ids.buffer().getInt(at);
      throw ElementwiseChecks.badId(bad, id, table);
    }
  }

  @Override
  public void dropout(Operand y, Operand x, float p, long seed, long offset, boolean accumulate) {
    ElementwiseChecks.dropout(y, x, p);
    try {
      dropout.invokeExact(
          y.address(),
          x.address(),
          y.elements(),
          DTypeCodes.of(y.dtype()),
          DTypeCodes.of(x.dtype()),
          p,
          seed,
          offset,
          accumulate ? 1 : 0,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_dropout_forward", t);
    }
  }
}
