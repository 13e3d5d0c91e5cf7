package dev.nacelle.kernels.fourierfilter;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The gains' gradients are sums over the batch: in parts of fixed size, added in order, so that the
 * number of threads changes no bit.
 */
public final class GainSums {
  /** Parts that a batch is summed in, however many threads there are. */
  private static final long PARTS = 16;

  private final int threads;
  private final MethodHandle sum;

  public GainSums(NativeFunctions library) {
    threads = library.threads();
    sum = library.bind("nk_fourier_filter_sum", "PPPLLI");
  }

  /** Rows of the batch in each part. */
  public static long chunkRows(long batch) {
    return Math.max(1, (batch + PARTS - 1) / PARTS);
  }

  /** A part's sums for each chunk, zeros; null where nobody asks. */
  public @Nullable Operand partials(
      Scratch scratch, @Nullable Operand gradRe, @Nullable Operand gradIm, long chunks) {
    if (gradRe == null || gradIm == null) {
      return null;
    }
    Operand partials = scratch.tensor(DType.FP32, chunks, 2, gradRe.size(0), gradRe.size(1));
    partials.buffer().zero();
    return partials;
  }

  /** Adds the parts up. */
  public void sum(
      @Nullable Operand gradRe, @Nullable Operand gradIm, @Nullable Operand partials, long chunks) {
    if (gradRe == null || gradIm == null || partials == null) {
      return;
    }
    try {
      sum.invokeExact(
          gradRe.address(),
          gradIm.address(),
          partials.address(),
          chunks,
          gradRe.elements(),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_fourier_filter_sum", t);
    }
  }
}
