package dev.nacelle.kernels.clipgradnorm;

import dev.nacelle.kernels.ClipGradNorm;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.BlockTable;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** The face of clip_grad_norm/clip_grad_norm.c: one call for all gradients. */
public final class CpuClipGradNorm implements ClipGradNorm {
  private static final int COLUMNS = 4;

  private final int threads;
  private final MethodHandle norm;
  private final MethodHandle scale;

  public CpuClipGradNorm(NativeFunctions library) {
    threads = library.threads();
    norm = library.bind("nk_clip_grad_norm_norm", "PPPLLDI");
    scale = library.bind("nk_clip_grad_norm_scale", "PLLFI");
  }

  @Override
  public double norm(List<Operand> gradients) {
    ClipArguments.check(gradients);
    try (Scratch scratch = new Scratch()) {
      return Elements.get(norms(table(scratch, gradients), scratch, Double.MAX_VALUE), 0);
    }
  }

  @Override
  public double clip(List<Operand> gradients, double maxNorm) {
    ClipArguments.check(gradients, maxNorm);
    try (Scratch scratch = new Scratch()) {
      BlockTable table = table(scratch, gradients);
      Operand norms = norms(table, scratch, maxNorm);
      float factor = (float) Elements.get(norms, 1);
      // Times one changes nothing: most steps save this pass.
      if (factor != 1) {
        scale(table, factor);
      }
      return Elements.get(norms, 0);
    }
  }

  private static BlockTable table(Scratch scratch, List<Operand> gradients) {
    BlockTable table = new BlockTable(scratch, gradients.size(), COLUMNS);
    for (Operand gradient : gradients) {
      long n = gradient.elements();
      table.add(gradient.address(), n, table.firstBlock(n), DTypeCodes.of(gradient.dtype()));
    }
    return table;
  }

  /** The norm, the factor that clips it, and the blocks' sums behind them. */
  private Operand norms(BlockTable table, Scratch scratch, double maxNorm) {
    Operand norms = scratch.tensor(DType.FP64, 2 + table.blocks());
    try {
      norm.invokeExact(
          norms.address(),
          norms.address() + 2 * Double.BYTES,
          table.address(),
          table.slots(),
          table.blocks(),
          maxNorm,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_clip_grad_norm_norm", t);
    }
    return norms;
  }

  private void scale(BlockTable table, float factor) {
    try {
      scale.invokeExact(table.address(), table.slots(), table.blocks(), factor, threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_clip_grad_norm_scale", t);
    }
  }
}
