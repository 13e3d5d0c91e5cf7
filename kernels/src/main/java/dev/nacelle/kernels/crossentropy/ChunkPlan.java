package dev.nacelle.kernels.crossentropy;

import dev.nacelle.nativeaccess.DType;

/**
 * How many rows go through the products at a time, and where in the workspace what lies. The chunk
 * is as large as the products need to run at full rate, and its logits stay within a fixed number
 * of bytes however large the vocabulary is.
 */
final class ChunkPlan {
  /** Rows from which on products gain nothing more. */
  private static final long MOST_ROWS = 512;

  private static final long MOST_LOGIT_BYTES = 100_000_000;

  /** Low-rank pairs up to this rank find room in a workspace that was asked for without one. */
  private static final long SPARE_RANK = 64;

  private static final long ALIGNMENT = 64;
  private static final int PIECES = 9;

  private final long rows;
  private final long vocabulary;
  private final long channels;
  private final long rank;
  private final DType dtype;

  private ChunkPlan(long rows, long vocabulary, long channels, long rank, DType dtype) {
    this.rows = rows;
    this.vocabulary = vocabulary;
    this.channels = channels;
    this.rank = rank;
    this.dtype = dtype;
  }

  /** Bytes for the chunk that would be chosen freely. */
  static long workspaceBytes(long rows, long vocabulary, long channels, DType dtype) {
    long chunk = Math.min(rows, wanted(vocabulary));
    return Math.multiplyExact(chunk, rowBytes(vocabulary, channels, SPARE_RANK, dtype))
        + PIECES * ALIGNMENT;
  }

  /**
   * The largest chunk that the workspace holds, evened out so that the last one is not a sliver.
   *
   * @throws IllegalArgumentException if it does not hold one row
   */
  static ChunkPlan of(
      long rows, long vocabulary, long channels, long rank, DType dtype, long workspaceBytes) {
    long rowBytes = rowBytes(vocabulary, channels, rank, dtype);
    long fits = (workspaceBytes - PIECES * ALIGNMENT) / rowBytes;
    if (fits < 1 && rows > 0) {
      throw new IllegalArgumentException(
          "workspace: expected at least "
              + (rowBytes + PIECES * ALIGNMENT)
              + " bytes for one row of logits, given "
              + workspaceBytes);
    }
    long most = Math.max(1, Math.min(fits, wanted(vocabulary)));
    long chunks = Math.max(1, (rows + most - 1) / most);
    return new ChunkPlan((rows + chunks - 1) / chunks, vocabulary, channels, rank, dtype);
  }

  private static long wanted(long vocabulary) {
    return Math.max(1, Math.min(MOST_ROWS, MOST_LOGIT_BYTES / (4 * Math.max(1, vocabulary))));
  }

  /** Logits, fp32 gradient and gathered copy of hidden, both low-rank products, four numbers. */
  private static long rowBytes(long vocabulary, long channels, long rank, DType dtype) {
    return 4 * vocabulary + 4 * channels + dtype.bytes() * channels + 8 * rank + 16;
  }

  /** Rows of a chunk; the last one may have fewer. */
  long rows() {
    return rows;
  }

  /** Bytes of each piece of the workspace, in order. */
  long[] pieces() {
    long[] pieces = {
      4 * rows * vocabulary,
      4 * rows * channels,
      dtype.bytes() * rows * channels,
      4 * rows * rank,
      4 * rows * rank,
      4 * rows,
      4 * rows,
      4 * rows,
      4 * rows
    };
    for (int i = 0; i < pieces.length; i++) {
      pieces[i] = (pieces[i] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return pieces;
  }
}
