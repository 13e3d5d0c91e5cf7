package dev.nacelle.kernels.crossentropy;

import dev.nacelle.nativeaccess.DType;

/**
 * How many rows go through the products at a time, over how many columns of the vocabulary at a
 * time, and where in the workspace what lies. A chunk of logits stays within a few megabytes
 * however large batch and vocabulary are, and so in the caches between the products that write and
 * read it.
 */
final class ChunkPlan {
  /** Rows from which on products gain nothing more. */
  private static final long MOST_ROWS = 512;

  /** Columns of a chunk: a whole vocabulary only where it is smaller than this. */
  private static final long MOST_COLUMNS = 4096;

  private static final long FEWEST_COLUMNS = 16;

  /** Rows below which a small workspace rather means fewer columns. */
  private static final long FEWEST_ROWS = 4;

  /** Of logits at a time. */
  private static final long MOST_LOGIT_BYTES = 2 << 20;

  /** Low-rank pairs up to this rank find room in a workspace that was asked for without one. */
  private static final long SPARE_RANK = 64;

  private static final long ALIGNMENT = 64;
  private static final int PIECES = 12;

  private final long rows;
  private final long columns;
  private final long channels;
  private final long rank;
  private final DType dtype;

  private ChunkPlan(long rows, long columns, long channels, long rank, DType dtype) {
    this.rows = rows;
    this.columns = columns;
    this.channels = channels;
    this.rank = rank;
    this.dtype = dtype;
  }

  /** Bytes for the chunk that would be chosen freely. */
  static long workspaceBytes(long rows, long vocabulary, long channels, DType dtype) {
    return wanted(rows, vocabulary, channels, SPARE_RANK, dtype).bytes();
  }

  /**
   * The largest chunk that the workspace holds, evened out so that the last one is not a sliver.
   *
   * @throws IllegalArgumentException if it does not hold one row and a few columns
   */
  static ChunkPlan of(
      long rows, long vocabulary, long channels, long rank, DType dtype, long workspaceBytes) {
    ChunkPlan plan = wanted(rows, vocabulary, channels, rank, dtype);
    // Fewer rows first, as whoever asked for a workspace of fewer rows means it.
    for (long most = MOST_ROWS / 2;
        most >= FEWEST_ROWS && plan.bytes() > workspaceBytes;
        most /= 2) {
      plan = wanted(Math.min(rows, most), vocabulary, channels, rank, dtype);
    }
    while (plan.bytes() > workspaceBytes) {
      if (plan.columns > FEWEST_COLUMNS && plan.columns >= plan.rows) {
        long fewer = Math.max(FEWEST_COLUMNS, plan.columns / 2);
        plan = new ChunkPlan(plan.rows, fewer, channels, rank, dtype);
      } else if (plan.rows > 1) {
        plan = new ChunkPlan((plan.rows + 1) / 2, plan.columns, channels, rank, dtype);
      } else if (rows == 0) {
        return plan;
      } else {
        throw new IllegalArgumentException(
            "workspace: expected at least "
                + plan.bytes()
                + " bytes for one row and "
                + plan.columns
                + " columns of logits, given "
                + workspaceBytes);
      }
    }
    return new ChunkPlan(
        even(rows, plan.rows, 1), even(vocabulary, plan.columns, 16), channels, rank, dtype);
  }

  private static ChunkPlan wanted(
      long rows, long vocabulary, long channels, long rank, DType dtype) {
    long chunk = Math.max(1, Math.min(rows, MOST_ROWS));
    long columns = Math.min(MOST_COLUMNS, MOST_LOGIT_BYTES / (4 * chunk));
    return new ChunkPlan(chunk, Math.max(1, Math.min(vocabulary, columns)), channels, rank, dtype);
  }

  /** A piece of {@code all}, at most {@code most}, so that pieces are alike and whole units. */
  private static long even(long all, long most, long unit) {
    long pieces = Math.max(1, (all + most - 1) / most);
    long each = (all + pieces - 1) / pieces;
    return Math.max(1, Math.min(most, (each + unit - 1) / unit * unit));
  }

  /** Rows of a chunk; the last one may have fewer. */
  long rows() {
    return rows;
  }

  /** Columns of a chunk; the last one may have fewer. */
  long columns() {
    return columns;
  }

  private long bytes() {
    long sum = 0;
    for (long piece : pieces()) {
      sum = Math.addExact(sum, piece);
    }
    return sum;
  }

  /** Bytes of each piece of the workspace, in the order of {@link Chunk}. */
  long[] pieces() {
    long[] pieces = new long[PIECES];
    pieces[0] = 4 * rows * columns;
    pieces[1] = 4 * rows * channels;
    pieces[2] = dtype.bytes() * rows * channels;
    pieces[3] = 4 * rows * rank;
    pieces[4] = 4 * rows * rank;
    pieces[5] = 8 * rows;
    for (int i = 6; i < PIECES; i++) {
      pieces[i] = 4 * rows;
    }
    for (int i = 0; i < PIECES; i++) {
      pieces[i] = (pieces[i] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return pieces;
  }
}
