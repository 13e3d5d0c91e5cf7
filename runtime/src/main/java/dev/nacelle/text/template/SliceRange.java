package dev.nacelle.text.template;

import org.jspecify.annotations.Nullable;

/** Python's slice applied to a length: the indices start, start + step, …, count of them. */
record SliceRange(int start, int step, int count) {
  static SliceRange of(@Nullable Long start, @Nullable Long stop, @Nullable Long step, int length) {
    long by = step == null ? 1 : step;
    if (by == 0) {
      throw Failure.type("slice step cannot be zero");
    }
    long low = by > 0 ? 0 : -1;
    long high = by > 0 ? length : length - 1L;
    long from = start == null ? (by > 0 ? low : high) : clamp(start, length, low, high);
    long to = stop == null ? (by > 0 ? high : low) : clamp(stop, length, low, high);
    long span = by > 0 ? to - from : from - to;
    // a step of Long.MIN_VALUE has no absolute value; any step beyond the length takes one item
    long stride = by == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(by);
    long count = span <= 0 ? 0 : (span - 1) / stride + 1;
    int narrow = (int) Math.max(Integer.MIN_VALUE + 1L, Math.min(Integer.MAX_VALUE, by));
    return new SliceRange((int) from, narrow, (int) count);
  }

  private static long clamp(long index, int length, long low, long high) {
    long absolute = index < 0 ? Math.max(index, -1L - length) + length : index;
    return Math.max(low, Math.min(high, absolute));
  }

  int at(int i) {
    return start + i * step;
  }
}
