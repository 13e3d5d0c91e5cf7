package dev.nacelle.tape;

import dev.nacelle.tensor.Tensor;

/**
 * A differentiable step: one output, forward and backward side by side. An instance holds its
 * attributes and the tensors that no gradient ever reaches; differentiable inputs come as
 * arguments.
 */
public interface Function {
  /**
   * Computes the output; what backward needs goes through {@link Context#save}. Where this throws,
   * the tape gives back what {@link Context#output} handed out: release none before all is made.
   */
  Tensor forward(Context context, Tensor... inputs);

  /**
   * Adds this step's share to the gradients of those inputs that want one.
   *
   * @param gradOutput the gradient of the output; to be read, or given on where nobody shares it
   */
  void backward(Context context, Tensor gradOutput, Gradients gradients);

  /**
   * Whether the output is cheap to make again from what was saved: then nobody who saves it keeps
   * its memory, and {@link #recompute} is called during backward instead.
   */
  default boolean isRecomputable() {
    return false;
  }

  /** Makes the output once more from saved tensors; only for recomputable functions. */
  default Tensor recompute(Context context) {
    throw new IllegalStateException(getClass().getSimpleName() + " cannot be recomputed");
  }
}
