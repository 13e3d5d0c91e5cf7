package dev.nacelle.kernels.rmsnorm;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.RmsNorm;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Rows;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The face of rms_norm/rms_norm.c. */
public final class CpuRmsNorm implements RmsNorm {
  /** Parts that the weight's gradient is summed in, however many threads there are. */
  private static final long CHUNKS = 64;

  private static final long SMALLEST_CHUNK = 16;

  private final int threads;
  private final MethodHandle forward;
  private final MethodHandle backward;

  public CpuRmsNorm(NativeFunctions library) {
    threads = library.threads();
    forward = library.bind("nk_rms_norm_forward", "PPPPLLLLIIFII");
    backward = library.bind("nk_rms_norm_backward", "PPPPPPPPLLLLLLIIIII");
  }

  @Override
  public void forward(Operand y, Operand rstd, Operand x, Operand weight, float eps, int offset) {
    RmsNormArguments.forward(y, rstd, x, weight, eps, offset);
    Rows out = Rows.written("y", y);
    try (Scratch scratch = new Scratch()) {
      Rows in = scratch.rows(x);
      Operand w = scratch.contiguous(weight);
      forward.invokeExact(
          out.address(),
          rstd.address(),
          in.address(),
          w.address(),
          in.rows(),
          in.columns(),
          out.stride(),
          in.stride(),
          DTypeCodes.of(x.dtype()),
          DTypeCodes.of(w.dtype()),
          eps,
          offset,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_rms_norm_forward", t);
    }
  }

  @Override
  public void backward(
      @Nullable Operand gradX,
      @Nullable Operand gradWeight,
      @Nullable Operand gradY,
      @Nullable Operand gradRstd,
      Operand x,
      Operand weight,
      Operand rstd,
      int offset,
      boolean accumulate) {
    RmsNormArguments.backward(gradX, gradWeight, gradY, gradRstd, x, weight, rstd, offset);
    Rows out = gradX == null ? null : Rows.written("gradX", gradX);
    try (Scratch scratch = new Scratch()) {
      Rows in = scratch.rows(x);
      Rows gy = gradY == null ? null : scratch.rows(gradY);
      Operand gr = gradRstd == null ? null : scratch.contiguous(gradRstd);
      Operand w = scratch.contiguous(weight);
      long chunkRows = Math.max(SMALLEST_CHUNK, (in.rows() + CHUNKS - 1) / CHUNKS);
      long partials = 0;
      if (gradWeight != null) {
        long chunks = (in.rows() + chunkRows - 1) / chunkRows;
        partials = scratch.tensor(DType.FP32, chunks, in.columns()).address();
      }
      backward.invokeExact(
          out == null ? 0L : out.address(),
          gradWeight == null ? 0L : gradWeight.address(),
          partials,
          gy == null ? 0L : gy.address(),
          gr == null ? 0L : gr.address(),
          in.address(),
          w.address(),
          rstd.address(),
          in.rows(),
          in.columns(),
          chunkRows,
          out == null ? 0L : out.stride(),
          gy == null ? 0L : gy.stride(),
          in.stride(),
          DTypeCodes.of(x.dtype()),
          DTypeCodes.of(w.dtype()),
          offset,
          accumulate ? 1 : 0,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_rms_norm_backward", t);
    }
  }
}
