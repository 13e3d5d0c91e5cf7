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
   * One tensor with its state in 8 bits: codes U8 of the parameter's shape, and fp32 scales of each
   * {@link #SCALED} elements. A fresh state is zeros throughout. adamw_codes.h says what codes are.
   */
  record EightBitSlot(
      Operand parameter,
      Operand gradient,
      Operand expAvgCodes,
      Operand expAvgScales,
      Operand expAvgSqCodes,
      Operand expAvgSqScales) {}

  /** Elements that share a scale of 8-bit moments. */
  long SCALED = 256;

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

  /**
   * The same with 8-bit moments, which are rounded stochastically by step and element: same state,
   * same step, same bits.
   */
  void stepEightBit(
      List<EightBitSlot> slots,
      long step,
      double lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay);
}
