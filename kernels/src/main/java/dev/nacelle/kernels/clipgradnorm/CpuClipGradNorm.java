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
  private final MethodHandle squares;
  private final MethodHandle scale;

  public CpuClipGradNorm(NativeFunctions library) {
    threads = library.threads();
    squares = library.bind("nk_clip_grad_norm_squares", "PPPLLI");
    scale = library.bind("nk_clip_grad_norm_scale", "PLLFI");
  }

  @Override
  public double norm(List<Operand> gradients) {
    ClipArguments.check(gradients);
    try (Scratch scratch = new Scratch()) {
      return norm(table(scratch, gradients), scratch);
    }
  }

  @Override
  public double clip(List<Operand> gradients, double maxNorm) {
    ClipArguments.check(gradients, maxNorm);
    try (Scratch scratch = new Scratch()) {
      BlockTable table = table(scratch, gradients);
      double norm = norm(table, scratch);
      float factor = (float) ClipArguments.factor(norm, maxNorm);
      // Times one changes nothing: most steps save this pass.
      if (factor != 1) {
        scale(table, factor);
      }
      return norm;
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

  private double norm(BlockTable table, Scratch scratch) {
    Operand sums = scratch.tensor(DType.FP64, 1 + table.blocks());
    try {
      squares.invokeExact(
          sums.address(),
          sums.address() + Double.BYTES,
          table.address(),
          table.slots(),
          table.blocks(),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_clip_grad_norm_squares", t);
    }
    return Math.sqrt(Elements.get(sums, 0));
  }

  private void scale(BlockTable table, float factor) {
    try {
      scale.invokeExact(table.address(), table.slots(), table.blocks(), factor, threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_clip_grad_norm_scale", t);
    }
  }
}
