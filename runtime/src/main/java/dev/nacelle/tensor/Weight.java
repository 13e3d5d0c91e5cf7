package dev.nacelle.tensor;

import dev.nacelle.kernels.Matrix;
import dev.nacelle.nativeaccess.NativeBuffer;

/**
 * A frozen matrix (out, in) of a model: plain elements, or quantised blocks that stay as they are.
 */
public sealed interface Weight permits Tensor, BlockTensor {
  /** Size of dimension {@code d}, in elements. */
  long size(int d);

  /** What products take. */
  Matrix matrix();

  /** Bytes that it holds. */
  long byteSize();

  /** The memory that it lies in. */
  NativeBuffer memory();

  /** Lets go of its memory. */
  void release();
}
