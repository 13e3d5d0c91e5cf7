package dev.nacelle.kernels.adamw;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.common.Elements;
import java.util.List;

/** AdamW in plain Java, in double: what the others are held against. */
public final class ReferenceAdamW implements AdamW {

  @Override
  public void step(
      List<Slot> slots,
      long step,
      double lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay) {
    AdamWArguments.check(slots, step, lr, beta1, beta2, eps, weightDecay);
    AdamWFactors f = AdamWFactors.of(step, lr, beta1, beta2, eps, weightDecay);
    for (Slot slot : slots) {
      for (long i = 0; i < slot.parameter().elements(); i++) {
        double g = Elements.get(slot.gradient(), i);
        double m = Elements.get(slot.expAvg(), i);
        // torch's lerp takes the other end above a half: where one is infinite that matters.
        m = f.weight1() < 0.5 ? m + f.weight1() * (g - m) : g - (g - m) * (1 - f.weight1());
        double v = Elements.get(slot.expAvgSq(), i) * f.beta2() + f.weight2() * g * g;
        double p = Elements.get(slot.parameter(), i) * f.keep();
        Elements.set(slot.expAvg(), i, m);
        Elements.set(slot.expAvgSq(), i, v);
        Elements.set(
            slot.parameter(), i, p - f.stepSize() * m / (Math.sqrt(v) / f.root() + f.eps()));
      }
    }
  }

  @Override
  public void stepEightBit(
      List<EightBitSlot> slots,
      long step,
      double lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay) {
    AdamWArguments.checkEightBit(slots, step, lr, beta1, beta2, eps, weightDecay);
    AdamWFactors f = AdamWFactors.of(step, lr, beta1, beta2, eps, weightDecay);
    for (EightBitSlot slot : slots) {
      int n = Math.toIntExact(slot.parameter().elements());
      double[] m = new double[n];
      double[] v = new double[n];
      for (int i = 0; i < n; i++) {
        double g = Elements.get(slot.gradient(), i);
        m[i] = MomentCodes.SIGNED.read(slot.expAvgCodes(), slot.expAvgScales(), i);
        m[i] =
            f.weight1() < 0.5
                ? m[i] + f.weight1() * (g - m[i])
                : g - (g - m[i]) * (1 - f.weight1());
        v[i] = MomentCodes.UNSIGNED.read(slot.expAvgSqCodes(), slot.expAvgSqScales(), i);
        v[i] = v[i] * f.beta2() + f.weight2() * g * g;
        double p = Elements.get(slot.parameter(), i) * f.keep();
        Elements.set(
            slot.parameter(), i, p - f.stepSize() * m[i] / (Math.sqrt(v[i]) / f.root() + f.eps()));
      }
      MomentCodes.spoil(m, v);
      MomentCodes.SIGNED.write(slot.expAvgCodes(), slot.expAvgScales(), m, 2 * step);
      MomentCodes.UNSIGNED.write(slot.expAvgSqCodes(), slot.expAvgSqScales(), v, 2 * step + 1);
    }
  }
}
