package dev.nacelle.kernels;

import java.util.List;

/** One step of AdamW as torch.optim.AdamW takes it (decoupled decay, bias correction). */
public interface AdamW {
  /**
   * One tensor with its state, contiguous, of one shape and one type (fp32 as the engine uses it,
   * bf16 or fp16), updated in place; the gradient is only read.
   */
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
