package dev.nacelle.tape;

import dev.nacelle.tensor.Tensor;

/** Where a function's backward puts what it found. */
public interface Gradients {
  /** Where to write: added to unless {@code fresh}, when every element must be written. */
  record Slot(Tensor gradient, boolean fresh) {
    /** For products: c = … + beta · c. */
    public float beta() {
      return fresh ? 0f : 1f;
    }
  }

  /** Whether anything trainable lies behind the n-th input of forward. */
  boolean wants(int input);

  /** The gradient of an input that wants one, in the input's shape and type. */
  Slot slot(int input);

  /** The same for a parameter: fp32, kept until its owner releases it. */
  Slot slot(Parameter parameter);

  /**
   * Makes a finished tensor the input's gradient, or adds it to what is there. The caller keeps its
   * own reference. Spikes that lie as bits (…, words) I32 take the gradient of the spikes, floats
   * (…, N); for them this is the only way.
   */
  void give(int input, Tensor gradient);

  /**
   * Makes a finished tensor, a {@link Context#gradient}, the parameter's gradient, or adds it to
   * what is there. The caller keeps its own reference.
   */
  void give(Parameter parameter, Tensor gradient);
}
