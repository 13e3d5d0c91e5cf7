package dev.nacelle.tape;

import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A tensor that training changes, fp32, with the gradient that backward leaves in it. */
public final class Parameter {
  private final String name;
  private final Tensor value;
  private @Nullable Tensor gradient;

  public Parameter(String name, Tensor value) {
    this.name = name;
    this.value = value;
  }

  /** The name in the adapter's file. */
  public String name() {
    return name;
  }

  public Tensor value() {
    return value;
  }

  /** Σ of the gradients since {@link #releaseGradient}; null where backward did not come by. */
  public @Nullable Tensor gradient() {
    return gradient;
  }

  /** Makes the gradient that backward will add to, where there is none: zeros. */
  public void openGradient(Allocator allocator) {
    if (gradient == null) {
      gradient = allocator.zeros(LedgerClass.GRADIENTS, value.dtype(), value.shape());
    }
  }

  void gradient(Tensor fresh) {
    gradient = fresh;
  }

  /** Gives the gradient's memory back: the next backward starts from nothing. */
  public void releaseGradient() {
    if (gradient != null) {
      gradient.release();
      gradient = null;
    }
  }
}
