package dev.nacelle.kernels.fourierfilter;

import dev.nacelle.kernels.FourierFilter;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The face of fourier_filter/fourier_filter.c. */
public final class CpuFourierFilter implements FourierFilter {
  /** Neurons that a thread takes at a time: NK_RUN. */
  private static final long RUN = 256;

  private final int threads;
  private final MethodHandle forward;
  private final MethodHandle backward;
  private final GainSums gainSums;

  public CpuFourierFilter(NativeFunctions library) {
    threads = library.threads();
    forward = library.bind("nk_fourier_filter_forward", "PPPPPPPLLLLII");
    backward = library.bind("nk_fourier_filter_backward", "PPPPPPPPPLLLLLII");
    gainSums = new GainSums(library);
  }

  @Override
  public void forward(Operand y, Operand x, Operand gainRe, Operand gainIm) {
    FourierArguments.forward(y, x, gainRe, gainIm);
    if (x.elements() == 0) {
      return;
    }
    long modes = gainRe.size(0);
    try (Scratch scratch = new Scratch()) {
      RootTable roots = RootTable.of(x.size(0), scratch);
      forward.invokeExact(
          y.address(),
          scratch.tensor(DType.FP32, threads * (x.size(0) + 2 * modes) * RUN).address(),
          scratch.contiguous(x).address(),
          scratch.floats(gainRe).address(),
          scratch.floats(gainIm).address(),
          roots.cosine(),
          roots.sine(),
          x.size(0),
          batch(x),
          x.size(-1),
          modes,
          DTypeCodes.of(x.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_fourier_filter_forward", t);
    }
  }

  @Override
  public void backward(
      Operand gradX,
      @Nullable Operand gradRe,
      @Nullable Operand gradIm,
      Operand gradY,
      Operand x,
      Operand gainRe,
      Operand gainIm) {
    FourierArguments.backward(gradX, gradRe, gradIm, gradY, x, gainRe, gainIm);
    long modes = gainRe.size(0);
    long batch = x.elements() == 0 ? 0 : batch(x);
    long chunkRows = GainSums.chunkRows(batch);
    long chunks = (batch + chunkRows - 1) / chunkRows;
    try (Scratch scratch = new Scratch()) {
      RootTable roots = RootTable.of(x.size(0), scratch);
      Operand partials = gainSums.partials(scratch, gradRe, gradIm, chunks);
      backward.invokeExact(
          gradX.address(),
          partials == null ? 0L : partials.address(),
          scratch.tensor(DType.FP32, threads * (x.size(0) + 4 * modes) * RUN).address(),
          scratch.contiguous(gradY).address(),
          scratch.contiguous(x).address(),
          scratch.floats(gainRe).address(),
          scratch.floats(gainIm).address(),
          roots.cosine(),
          roots.sine(),
          x.size(0),
          batch,
          x.size(-1),
          modes,
          chunkRows,
          DTypeCodes.of(x.dtype()),
          threads);
      gainSums.sum(gradRe, gradIm, partials, chunks);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_fourier_filter_backward", t);
    }
  }

  private static long batch(Operand x) {
    return x.elements() / x.size(0) / x.size(-1);
  }
}
