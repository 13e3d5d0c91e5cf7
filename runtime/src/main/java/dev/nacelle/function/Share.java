package dev.nacelle.function;

import dev.nacelle.kernels.Elementwise;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * A share of a gradient whose operator only writes: beside the slot where that holds some already.
 */
record Share(Gradients.Slot slot, Tensor written) {
  /** The slot itself where it is fresh, else scratch of its shape. */
  static Share of(Context context, Gradients.Slot slot) {
    Tensor gradient = slot.gradient();
    return new Share(
        slot, slot.fresh() ? gradient : context.scratch(gradient.dtype(), gradient.shape()));
  }

  /** Adds what was written beside the slot. */
  void finish(Context context) {
    if (!slot.fresh()) {
      context.kernels().elementwise().add(slot.gradient().operand(), written.operand(), 1f);
    }
  }

  /** Writes or adds a tensor that was found elsewhere. */
  static void add(Context context, Gradients.Slot slot, Tensor found) {
    Elementwise elementwise = context.kernels().elementwise();
    if (slot.fresh()) {
      elementwise.convert(slot.gradient().operand(), found.operand());
    } else {
      elementwise.add(slot.gradient().operand(), found.operand(), 1f);
    }
  }
}
