package dev.nacelle.tape;

import dev.nacelle.tensor.Tensor;

/** What a node remembers of one tensor until backward. */
sealed interface SavedTensor {
  /** The tensor itself, kept. */
  record Kept(Tensor tensor) implements SavedTensor {}

  /** The node that can make it again. */
  record Recomputed(Node source) implements SavedTensor {}
}
