package dev.nacelle.file;

import java.util.Collection;

/**
 * VeRA's frozen matrices, which all modules share.
 *
 * @param in columns of a, the most that any module has
 * @param out rows of b, likewise
 * @param a (rank, in) row by row
 * @param b (out, rank) row by row
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
public record VeraProjection(int rank, long in, long out, float[] a, float[] b) {
  /** The sizes that modules, each {out, in}, come to together: {out, in}. */
  public static long[] widest(Collection<long[]> modules) {
    long[] widest = {0, 0};
    for (long[] module : modules) {
      widest[0] = Math.max(widest[0], module[0]);
      widest[1] = Math.max(widest[1], module[1]);
    }
    return widest;
  }

  /**
   * Drawn as PEFT draws it, bit for bit: torch's generator for the processor, seeded with the key,
   * gives a and then b uniformly in ±√6/√columns (Kaiming with a gain of √2).
   */
  public static VeraProjection drawn(long key, int rank, long out, long in) {
    TorchGenerator generator = new TorchGenerator(key);
    float[] a = generator.uniform(Math.toIntExact(rank * in), bound(in));
    float[] b = generator.uniform(Math.toIntExact(out * rank), bound(rank));
    return new VeraProjection(rank, in, out, a, b);
  }

  // In PEFT's order of operations: its last bit decides those of the numbers.
  private static double bound(long columns) {
    return Math.sqrt(3) * (Math.sqrt(2) / Math.sqrt((double) columns));
  }

  /** d ⊙ the first columns of A, (rows, in): one side of a low-rank pair that is equal to VeRA. */
  public float[] down(float[] d, long first, long rows, long columns) {
    float[] down = new float[Math.toIntExact(rows * columns)];
    for (int r = 0; r < rows; r++) {
      int row = Math.toIntExact(first + r);
      for (int k = 0; k < columns; k++) {
        down[Math.toIntExact(r * columns) + k] = d[row] * a[Math.toIntExact(row * in) + k];
      }
    }
    return down;
  }

  /**
   * The other side: rows of B, each times its element of b.
   *
   * @param of elements of b from row {@code first} on
   */
  public float[] up(float[] of, long first) {
    float[] up = new float[Math.multiplyExact(of.length, rank)];
    int from = Math.toIntExact(first * rank);
    for (int i = 0; i < up.length; i++) {
      up[i] = of[i / rank] * b[from + i];
    }
    return up;
  }
}
