package dev.nacelle.memory;

import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Tensors that live until a block ends. Whoever needs one longer takes an alias of its own; what a
 * block returns is moved to the scope around it.
 */
public final class Scope implements AutoCloseable {
  private final List<Tensor> tensors = new ArrayList<>();
  private boolean closed;

  /** Makes the tensor's reference the scope's. */
  public Tensor own(Tensor tensor) {
    if (closed) {
      throw new IllegalStateException("scope used after close");
    }
    tensors.add(tensor);
    return tensor;
  }

  /** Hands the tensor's reference to the caller: it outlives this scope. */
  public Tensor disown(Tensor tensor) {
    for (int i = tensors.size() - 1; i >= 0; i--) {
      if (tensors.get(i) == tensor) {
        tensors.remove(i);
        return tensor;
      }
    }
    throw new IllegalStateException(tensor + " does not belong to this scope");
  }

  public boolean owns(Tensor tensor) {
    for (Tensor t : tensors) {
      if (t == tensor) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    if (closed) {
      throw new IllegalStateException("scope closed twice");
    }
    closed = true;
    for (int i = tensors.size() - 1; i >= 0; i--) {
      tensors.get(i).release();
    }
    tensors.clear();
  }
}
