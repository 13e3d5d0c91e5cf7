package dev.nacelle.tape;

import dev.nacelle.tensor.Tensor;

/** What a node remembers of one tensor until backward. */
sealed interface SavedTensor {
  /** The tensor itself, kept. */
  record Kept(Tensor tensor) implements SavedTensor {}

  /** Put by in another form; what is fetched is this function's own. */
  non-sealed interface PutBy extends SavedTensor {
    Tensor fetch();

    /** Whether it was fetched, and nobody else holds what came. */
    boolean isUnshared();

    void drop();
  }

  /** The node that can make it again. */
  record Recomputed(Node source) implements SavedTensor {}
}
