package dev.nacelle.kernels.crossentropy;

import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;

/** The pieces of the workspace that hold one chunk of n rows; later chunks use them again. */
final class Chunk {
  private final NativeBuffer workspace;
  private final long[] offsets;
  private final DType dtype;
  private final long vocabulary;
  private final long channels;
  private final long rank;

  Chunk(
      NativeBuffer workspace,
      ChunkPlan plan,
      long vocabulary,
      long channels,
      long rank,
      DType dtype) {
    this.workspace = workspace;
    this.dtype = dtype;
    this.vocabulary = vocabulary;
    this.channels = channels;
    this.rank = rank;
    long[] pieces = plan.pieces();
    this.offsets = new long[pieces.length];
    for (int i = 1; i < pieces.length; i++) {
      offsets[i] = offsets[i - 1] + pieces[i - 1];
    }
  }

  /** (n, V) fp32: logits, then their gradient. */
  Operand logits(long n) {
    return piece(0, DType.FP32, n, vocabulary);
  }

  /** (n, C) fp32. */
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

  /** (n, R) fp32: scale · gradient of the logits · b. */
  Operand gradDown(long n) {
    return piece(4, DType.FP32, n, rank);
  }

  /** (n) I32: numbers of the rows. */
  Operand rows(long n) {
    return piece(5, DType.I32, n);
  }

  /** (n) I32. */
  Operand targets(long n) {
    return piece(6, DType.I32, n);
  }

  /** (n) fp32: the rows' gradLosses. */
  Operand weights(long n) {
    return piece(7, DType.FP32, n);
  }

  /** (n) fp32. */
  Operand losses(long n) {
    return piece(8, DType.FP32, n);
  }

  private Operand piece(int index, DType type, long... shape) {
    return Operand.view(workspace, offsets[index], type, shape, Operand.contiguousStrides(shape));
  }
}
