package dev.nacelle.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a model reads at once: samples laid end to end in one row of N tokens.
 *
 * @param ids (N) token ids
 * @param positions (N) each token's place in its sample
 * @param starts (S+1) where each sample begins, then N
 * @param targets (N) the id that each token should predict, −100 where none
 * @param longest tokens of the longest sample of the batch that this is, or is a part of; some
 *     rotary scalings ask
 */
@SuppressWarnings("ArrayRecordComponent") // parallel arrays of one batch, never compared
public record TokenRow(int[] ids, int[] positions, int[] starts, int[] targets, int longest) {
  /** A whole batch. */
  public TokenRow(int[] ids, int[] positions, int[] starts, int[] targets) {
    this(ids, positions, starts, targets, Arrays.stream(positions).max().orElse(-1) + 1);
  }

  /**
   * One sample's next tokens behind {@code before} others; none is a target.
   *
   * @param longest tokens that the sample will have, as far as it is known
   */
  static TokenRow behind(int before, int longest, int... ids) {
    int[] positions = new int[ids.length];
    int[] targets = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      positions[i] = before + i;
    }
    Arrays.fill(targets, -100);
    return new TokenRow(ids, positions, new int[] {0, ids.length}, targets, longest);
  }

  /** Tokens in all. */
  public int length() {
    return ids.length;
  }

  /** The row in order, cut into rows of at most so many whole samples. */
  public List<TokenRow> parts(int samples) {
    int all = starts.length - 1;
    if (samples >= all) {
      return List.of(this);
    }
    List<TokenRow> parts = new ArrayList<>();
    for (int first = 0; first < all; first += samples) {
      parts.add(part(first, Math.min(all, first + samples)));
    }
    return parts;
  }

  private TokenRow part(int first, int last) {
    int from = starts[first];
    int to = starts[last];
    int[] begins = Arrays.copyOfRange(starts, first, last + 1);
    for (int i = 0; i < begins.length; i++) {
      begins[i] -= from;
    }
    return new TokenRow(
        Arrays.copyOfRange(ids, from, to),
        Arrays.copyOfRange(positions, from, to),
        begins,
        Arrays.copyOfRange(targets, from, to),
        longest);
  }
}
