package dev.nacelle.kernels.rope;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;

/** What every implementation of the rotation asks of its arguments. */
final class RopeArguments {
  private RopeArguments() {}

  static void check(
      String outName,
      Operand out,
      String inName,
      Operand in,
      Operand positions,
      Operand invFreq,
      float scale) {
    Checks.compute(inName, in);
    Checks.rank(inName, in, 4, "(B, T, H, D)");
    if (in.size(3) % 2 != 0) {
      throw new IllegalArgumentException(inName + ": expected an even last dimension, given " + in);
    }
    Checks.sameShape(outName, out, inName, in);
    Checks.sameDtype(outName, out, inName, in);
    Checks.integers("positions", positions);
    Checks.shape("positions", positions, in.size(0), in.size(1));
    Checks.dtype("inv_freq", invFreq, DType.FP32);
    Checks.shape("inv_freq", invFreq, in.size(3) / 2);
    Checks.atLeast("scale", scale, -Float.MAX_VALUE);
  }
}
