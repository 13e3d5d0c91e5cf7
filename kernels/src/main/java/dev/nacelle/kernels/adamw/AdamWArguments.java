package dev.nacelle.kernels.adamw;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.AdamW.EightBitSlot;
import dev.nacelle.kernels.AdamW.Slot;
import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import java.util.List;

/** What every implementation of AdamW asks of its arguments. */
final class AdamWArguments {
  private AdamWArguments() {}

  static void check(
      List<Slot> slots,
      long step,
      double lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay) {
    for (Slot slot : slots) {
      Operand parameter = slot.parameter();
      Checks.compute("parameter", parameter);
      Checks.contiguous("parameter", parameter);
      like("gradient", slot.gradient(), parameter);
      like("exp_avg", slot.expAvg(), parameter);
      like("exp_avg_sq", slot.expAvgSq(), parameter);
    }
    rules(step, lr, beta1, beta2, eps, weightDecay);
  }

  static void checkEightBit(
      List<EightBitSlot> slots,
      long step,
      double lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay) {
    for (EightBitSlot slot : slots) {
      Operand parameter = slot.parameter();
      Checks.compute("parameter", parameter);
      Checks.contiguous("parameter", parameter);
      like("gradient", slot.gradient(), parameter);
      codes("exp_avg", slot.expAvgCodes(), slot.expAvgScales(), parameter);
      codes("exp_avg_sq", slot.expAvgSqCodes(), slot.expAvgSqScales(), parameter);
    }
    rules(step, lr, beta1, beta2, eps, weightDecay);
  }

  private static void codes(String name, Operand codes, Operand scales, Operand parameter) {
    Checks.dtype(name + "_codes", codes, DType.U8);
    Checks.sameShape(name + "_codes", codes, "parameter", parameter);
    Checks.contiguous(name + "_codes", codes);
    Checks.dtype(name + "_scales", scales, DType.FP32);
    Checks.shape(
        name + "_scales", scales, (parameter.elements() + AdamW.SCALED - 1) / AdamW.SCALED);
    Checks.contiguous(name + "_scales", scales);
  }

  private static void rules(
      long step, double lr, double beta1, double beta2, double eps, double weightDecay) {
    if (step < 1) {
      throw new IllegalArgumentException("step: expected at least 1, given " + step);
    }
    Checks.atLeast("lr", lr, 0);
    share("beta1", beta1);
    share("beta2", beta2);
    Checks.atLeast("eps", eps, 0);
    Checks.atLeast("weight_decay", weightDecay, 0);
  }

  private static void like(String name, Operand x, Operand parameter) {
    Checks.sameDtype(name, x, "parameter", parameter);
    Checks.sameShape(name, x, "parameter", parameter);
    Checks.contiguous(name, x);
  }

  private static void share(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          name + ": expected at least 0 and below 1, given " + value);
    }
  }
}
