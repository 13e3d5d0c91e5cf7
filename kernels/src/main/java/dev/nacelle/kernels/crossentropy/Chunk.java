package dev.nacelle.kernels.crossentropy;

import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;

/** The pieces of the workspace that hold one chunk of n rows; later chunks use them again. */
final class Chunk {
  private final NativeBuffer workspace;
  private final long[] offsets;
  private final DType dtype;
  private final long channels;
  private final long rank;

  Chunk(NativeBuffer workspace, ChunkPlan plan, long channels, long rank, DType dtype) {
    this.workspace = workspace;
    this.dtype = dtype;
    this.channels = channels;
    this.rank = rank;
    long[] pieces = plan.pieces();
    this.offsets = new long[pieces.length];
    for (int i = 1; i < pieces.length; i++) {
      offsets[i] = offsets[i - 1] + pieces[i - 1];
    }
  }

  /** (n, columns) fp32: logits, then what is multiplied back. */
  Operand logits(long n, long columns) {
    return piece(0, DType.FP32, n, columns);
  }

  /** (n, C) fp32: sums, then the gradient of hidden. */
  Operand gradHidden(long n) {
    return piece(1, DType.FP32, n, channels);
  }

  /** (n, C): rows of hidden that have a target. */
  Operand gathered(long n) {
    return piece(2, dtype, n, channels);
  }

  /** (n, R) fp32: hidden·aᵀ. */
  Operand down(long n) {
    return piece(3, DType.FP32, n, rank);
  }

  /** (n, R) fp32: sums, then scale · gradient of the logits · b. */
  Operand gradDown(long n) {
    return piece(4, DType.FP32, n, rank);
  }

  /** (n) fp64: Σ e^(z − max) so far. */
  Operand sums(long n) {
    return piece(5, DType.FP64, n);
  }

  /** (n) fp32: the largest logit so far. */
  Operand max(long n) {
    return piece(6, DType.FP32, n);
  }

  /** (n) fp32: the target's logit. */
  Operand wanted(long n) {
    return piece(7, DType.FP32, n);
  }

  /** (n) I32: numbers of the rows. */
  Operand rows(long n) {
    return piece(8, DType.I32, n);
  }

  /** (n) I32. */
  Operand targets(long n) {
    return piece(9, DType.I32, n);
  }

  /** (n) fp32: the rows' gradLosses. */
  Operand weights(long n) {
    return piece(10, DType.FP32, n);
  }

  /** (n) fp32. */
  Operand losses(long n) {
    return piece(11, DType.FP32, n);
  }

  private Operand piece(int index, DType type, long... shape) {
    return Operand.view(workspace, offsets[index], type, shape, Operand.contiguousStrides(shape));
  }
}
