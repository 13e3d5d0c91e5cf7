package dev.nacelle.data;

import java.util.BitSet;

/**
 * One record as the model sees it.
 *
 * @param ids (T) token ids, T at least 1
 * @param trained bit t: whether token t is a target, that is, whether it is predicted from the
 *     tokens before it with a loss; bit 0 is never set
 * @param truncated whether the record was longer than the largest length allowed
 * @param record the record's number in its dataset, from 0; −1 for a sample from elsewhere
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; copying each sample would buy nothing
public record Sample(int[] ids, BitSet trained, boolean truncated, long record) {
  public Sample {
    if (ids.length == 0) {
      throw new IllegalArgumentException("a sample has at least one token");
    }
    if (trained.get(0) || trained.length() > ids.length) {
      throw new IllegalArgumentException(
          "targets " + trained + " do not lie within tokens 1 to " + (ids.length - 1));
    }
  }

  public int length() {
    return ids.length;
  }

  public boolean isTrained(int token) {
    return trained.get(token);
  }

  /** How many tokens have a loss. */
  public int targetTokens() {
    return trained.cardinality();
  }
}
