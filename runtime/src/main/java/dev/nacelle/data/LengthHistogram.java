package dev.nacelle.data;

import java.util.ArrayList;
import java.util.List;

/** How long the samples of a dataset are. */
public final class LengthHistogram {
  private final long[] counts;

  /**
   * @param longest tokens of the longest sample that can be
   */
  public LengthHistogram(int longest) {
    counts = new long[longest + 1];
  }

  /** Samples of lengths from {@code from} to {@code to}, both included. */
  public record Bin(int from, int to, long count) {}

  /** Counts a sample. */
  public void add(int length) {
    counts[length]++;
  }

  /** At most so many bins of one width, from the shortest sample to the longest. */
  public List<Bin> bins(int most) {
    int first = 0;
    int last = counts.length - 1;
    while (first < counts.length && counts[first] == 0) {
      first++;
    }
    while (last >= 0 && counts[last] == 0) {
      last--;
    }
    List<Bin> bins = new ArrayList<>();
    int width = Math.max(1, (last - first + most) / most);
    for (int from = first; from <= last; from += width) {
      int to = Math.min(last, from + width - 1);
      long count = 0;
      for (int length = from; length <= to; length++) {
        count += counts[length];
      }
      bins.add(new Bin(from, to, count));
    }
    return bins;
  }
}
