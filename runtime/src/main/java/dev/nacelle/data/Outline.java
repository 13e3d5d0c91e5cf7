package dev.nacelle.data;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;

/**
 * The sizes of a view's samples, noted while they were counted: samples of the same lengths and as
 * many targets, without their tokens. A plan deals them out as the run will deal out the real ones.
 */
public final class Outline implements Records {
  /** Beyond so many records nothing is noted: eight bytes each. */
  private static final int MOST = 1 << 18;

  private int[] lengths = new int[64];
  private int[] targets = new int[64];
  private long seen;
  private DataCounts counts = DataCounts.NONE;

  Outline() {}

  /** Notes the next record. */
  void add(Optional<Reading> reading) {
    if (seen < MOST) {
      int at = (int) seen;
      if (at == lengths.length) {
        lengths = Arrays.copyOf(lengths, 2 * at);
        targets = Arrays.copyOf(targets, 2 * at);
      }
      if (reading.isPresent() && reading.get() instanceof Reading.Kept kept) {
        lengths[at] = kept.sample().length();
        targets[at] = kept.sample().targetTokens();
      }
    }
    seen++;
  }

  void done(DataCounts all) {
    counts = all;
  }

  /** Whether every record was noted. */
  public boolean isWhole() {
    return seen > 0 && seen <= MOST;
  }

  @Override
  public long records() {
    return seen;
  }

  @Override
  public Optional<Reading> read(long record) {
    int length = lengths[(int) record];
    if (length == 0) {
      return Optional.empty();
    }
    BitSet trained = new BitSet(length);
    trained.set(length - targets[(int) record], length);
    return Optional.of(new Reading.Kept(new Sample(new int[length], trained, false, -1)));
  }

  @Override
  public DataCounts measure(Progress progress) {
    return counts;
  }
}
