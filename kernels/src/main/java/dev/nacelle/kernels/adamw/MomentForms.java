package dev.nacelle.kernels.adamw;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;

/** AdamW's moments from fp32 to the codes of {@link AdamW.EightBitSlot} and back. */
public final class MomentForms {
  private MomentForms() {}

  /**
   * Codes of both moments, rounded stochastically by {@code step} as a step of AdamW rounds them.
   *
   * @param to its parameter and gradient are not touched
   * @param expAvg fp32, contiguous
   * @param expAvgSq fp32, contiguous
   */
  public static void narrow(AdamW.EightBitSlot to, Operand expAvg, Operand expAvgSq, long step) {
    MomentCodes.SIGNED.write(to.expAvgCodes(), to.expAvgScales(), values(expAvg), 2 * step);
    MomentCodes.UNSIGNED.write(
        to.expAvgSqCodes(), to.expAvgSqScales(), values(expAvgSq), 2 * step + 1);
  }

  /** What the codes stand for, exactly. */
  public static void widen(Operand expAvg, Operand expAvgSq, AdamW.EightBitSlot from) {
    for (int i = 0; i < expAvg.elements(); i++) {
      Elements.set(expAvg, i, MomentCodes.SIGNED.read(from.expAvgCodes(), from.expAvgScales(), i));
      Elements.set(
          expAvgSq, i, MomentCodes.UNSIGNED.read(from.expAvgSqCodes(), from.expAvgSqScales(), i));
    }
  }

  private static double[] values(Operand x) {
    double[] values = new double[Math.toIntExact(x.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Elements.get(x, i);
    }
    return values;
  }
}
