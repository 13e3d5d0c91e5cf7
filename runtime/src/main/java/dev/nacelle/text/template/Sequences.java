package dev.nacelle.text.template;

import java.util.Iterator;
import java.util.List;

/** Values that hold others in order. All are immutable to a template, as in transformers. */
final class Sequences {
  private Sequences() {}

  record ListValue(List<Object> items) {}

  record TupleValue(List<Object> items) {}

  /** {@code range(…)}. */
  record RangeValue(long start, long stop, long step) {
    int count() {
      if (step > 0 ? start >= stop : start <= stop) {
        return 0;
      }
      return (int) ((Math.abs(Math.subtractExact(stop, start)) - 1) / Math.abs(step) + 1);
    }

    long at(int index) {
      return start + index * step;
    }
  }

  /** What {@code keys()}, {@code values()} and {@code items()} of a dict give. */
  record ViewValue(String type, List<Object> items) {}

  /** A generator or an iterator: can be walked once. */
  record IteratorValue(String type, Iterator<Object> iterator) {}
}
