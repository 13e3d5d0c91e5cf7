package dev.nacelle.data;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;

/**
 * A micro-batch as one row of N tokens, its samples end to end. Attention stays within a sample, so
 * the losses are those of the samples apart.
 *
 * @param ids (N) token ids
 * @param positions (N) each token's place in its sample, from 0
 * @param starts (S+1) where each sample begins in the row; the last entry is N
 * @param targets (N) the id that follows where it is trained, else {@link #NO_TARGET}; always
 *     NO_TARGET at a sample's last token
 * @param tokens real tokens, N less the padding
 * @param targetTokens entries of {@code targets} that are not NO_TARGET
 * @param paddingTokens entries of {@code ids} that only fill up
 */
@SuppressWarnings("ArrayRecordComponent") // parallel arrays of one batch, never compared
public record PackedBatch(
    int[] ids,
    int[] positions,
    int[] starts,
    int[] targets,
    int tokens,
    int targetTokens,
    int paddingTokens) {

  /** The target that means: no loss here. */
  public static final int NO_TARGET = -100;

  /** The largest that there can be: every sample so long, and every token a target. */
  public static PackedBatch full(int samples, int length) {
    BitSet trained = new BitSet(length);
    trained.set(1, Math.max(1, length));
    return of(Collections.nCopies(samples, new Sample(new int[length], trained, false, -1)));
  }

  /** The samples as they are: no padding. */
  public static PackedBatch of(List<Sample> samples) {
    int[] lengths = samples.stream().mapToInt(Sample::length).toArray();
    return lay(samples, lengths, 0);
  }

  /**
   * Every sample filled up to the longest with {@code padId}. The padding stands after the sample's
   * own tokens, its positions go on, and it has no targets; so causal attention keeps it from
   * changing a loss.
   */
  public static PackedBatch padded(List<Sample> samples, int padId) {
    int longest = samples.stream().mapToInt(Sample::length).max().orElse(0);
    int[] lengths = new int[samples.size()];
    Arrays.fill(lengths, longest);
    return lay(samples, lengths, padId);
  }

  /** The first {@code count} samples, and then those from {@code from} to before {@code to}. */
  public PackedBatch only(int count, int from, int to) {
    int head = starts[count];
    int tail = starts[to] - starts[from];
    int[] begins = Arrays.copyOf(starts, count + to - from + 1);
    for (int s = from; s < to; s++) {
      begins[count + s + 1 - from] = head + starts[s + 1] - starts[from];
    }
    int[] kept = joined(targets, head, starts[from], tail);
    int trained = (int) Arrays.stream(kept).filter(target -> target != NO_TARGET).count();
    return new PackedBatch(
        joined(ids, head, starts[from], tail),
        joined(positions, head, starts[from], tail),
        begins,
        kept,
        kept.length,
        trained,
        0);
  }

  private static int[] joined(int[] all, int head, int from, int tail) {
    int[] some = Arrays.copyOf(all, head + tail);
    System.arraycopy(all, from, some, head, tail);
    return some;
  }

  private static PackedBatch lay(List<Sample> samples, int[] lengths, int padId) {
    if (samples.isEmpty()) {
      throw new IllegalArgumentException("a batch has at least one sample");
    }
    int[] starts = new int[samples.size() + 1];
    for (int s = 0; s < lengths.length; s++) {
      starts[s + 1] = Math.addExact(starts[s], lengths[s]);
    }
    int total = starts[lengths.length];
    int[] ids = new int[total];
    int[] positions = new int[total];
    int[] targets = new int[total];
    Arrays.fill(ids, padId);
    Arrays.fill(targets, NO_TARGET);
    int tokens = 0;
    int targetTokens = 0;
    for (int s = 0; s < lengths.length; s++) {
      Sample sample = samples.get(s);
      int start = starts[s];
      System.arraycopy(sample.ids(), 0, ids, start, sample.length());
      for (int t = 0; t < lengths[s]; t++) {
        positions[start + t] = t;
      }
      for (int t = sample.trained().nextSetBit(1); t > 0; t = sample.trained().nextSetBit(t + 1)) {
        targets[start + t - 1] = sample.ids()[t];
        targetTokens++;
      }
      tokens += sample.length();
    }
    return new PackedBatch(ids, positions, starts, targets, tokens, targetTokens, total - tokens);
  }

  /** Number of samples S. */
  public int samples() {
    return starts.length - 1;
  }

  /** Length of the row N, padding included. */
  public int length() {
    return ids.length;
  }
}
