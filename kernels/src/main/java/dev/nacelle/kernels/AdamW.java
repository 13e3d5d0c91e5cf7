package dev.nacelle.kernels;

import java.util.List;

/** One step of AdamW as torch.optim.AdamW takes it (decoupled decay, bias correction). */
public interface AdamW {
  /** One tensor with its state, all fp32, contiguous and of one shape, updated in place. */
  record Slot(Operand parameter, Operand gradient, Operand expAvg, Operand expAvgSq) {}

  /**
   * @param step counts from 1
   */
  void step(
      List<Slot> slots,
      long step,
      double lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay);
}
