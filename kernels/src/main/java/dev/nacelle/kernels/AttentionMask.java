package dev.nacelle.kernels;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which rows a row of attention sees: none but those of its own sample, none behind it where
 * causal, and none before its first where there are firsts.
 *
 * @param starts first row of each sample, then T: S + 1 rising numbers
 * @param causal whether a row sees no later ones
 * @param firsts (T) the first row that each row sees, counted from its sample's start; rising
 *     within a sample, none behind the row itself; causal only. Null for the whole sample
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record AttentionMask(int[] starts, boolean causal, int @Nullable [] firsts) {

  /**
   * @throws IllegalArgumentException unless starts and firsts are as described
   */
  public AttentionMask {
    boolean rising = starts.length > 0 && starts[0] == 0;
    for (int s = 1; rising && s < starts.length; s++) {
      rising = starts[s] >= starts[s - 1];
    }
    if (!rising) {
      throw new IllegalArgumentException(
          "starts must rise from 0, given " + Arrays.toString(starts));
    }
    if (firsts != null) {
      checkFirsts(starts, causal, firsts);
    }
  }

  private static void checkFirsts(int[] starts, boolean causal, int[] firsts) {
    int rows = starts[starts.length - 1];
    if (!causal || firsts.length != rows) {
      throw new IllegalArgumentException(
          "firsts must be " + rows + " numbers of a causal mask, given " + firsts.length);
    }
    for (int s = 1; s < starts.length; s++) {
      int before = 0;
      for (int row = starts[s - 1]; row < starts[s]; row++) {
        if (firsts[row] < before || firsts[row] > row - starts[s - 1]) {
          throw new IllegalArgumentException(
              "firsts["
                  + row
                  + "] must be "
                  + before
                  + " to "
                  + (row - starts[s - 1])
                  + ", given "
                  + firsts[row]);
        }
        before = firsts[row];
      }
    }
  }

  /** Every row sees its sample up to itself. */
  public static AttentionMask causal(int... starts) {
    return new AttentionMask(starts, true, null);
  }

  /** Every row sees its whole sample. */
  public static AttentionMask whole(int... starts) {
    return new AttentionMask(starts, false, null);
  }

  /** Row t of a sample sees rows t − window + 1 … t of it. */
  public static AttentionMask window(int window, int... starts) {
    int[] firsts = new int[starts[starts.length - 1]];
    for (int s = 1; s < starts.length; s++) {
      for (int row = starts[s - 1]; row < starts[s]; row++) {
        firsts[row] = Math.max(0, row - starts[s - 1] - window + 1);
      }
    }
    return new AttentionMask(starts, true, firsts);
  }

  /** All rows. */
  public int rows() {
    return starts[starts.length - 1];
  }

  /** First row that row {@code row} sees, for a sample that begins at {@code start}. */
  public int from(int row, int start) {
    return firsts == null ? start : start + firsts[row];
  }

  /** Behind the last row that row {@code row} sees, for a sample that ends before {@code end}. */
  public int to(int row, int end) {
    return causal ? row + 1 : end;
  }
}
