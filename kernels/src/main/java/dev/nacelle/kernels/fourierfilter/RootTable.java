package dev.nacelle.kernels.fourierfilter;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;

/**
 * cos and sin of 2πj/T for j below T, as the C kernels read them.
 *
 * @param cosine address of T floats
 * @param sine address of T floats
 */
public record RootTable(long cosine, long sine) {
  /** A table that lives as long as {@code scratch}. */
  public static RootTable of(long steps, Scratch scratch) {
    Operand cosine = scratch.tensor(DType.FP32, steps);
    Operand sine = scratch.tensor(DType.FP32, steps);
    for (long j = 0; j < steps; j++) {
      double angle = 2 * Math.PI * j / steps;
      cosine.buffer().setFloat(j, (float) Math.cos(angle));
      sine.buffer().setFloat(j, (float) Math.sin(angle));
    }
    return new RootTable(cosine.address(), sine.address());
  }
}
