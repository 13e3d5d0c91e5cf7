package dev.nacelle.text.tokenizer;

/** Consecutive ranges that cover a text, each a match or what lies between matches. */
final class Spans {
  private final Ints starts = new Ints(16);
  private final Ints ends = new Ints(16);
  private final Ints matches = new Ints(16);
  private boolean anyMatch;

  void add(int start, int end, boolean match) {
    starts.add(start);
    ends.add(end);
    matches.add(match ? 1 : 0);
    anyMatch |= match;
  }

  /** Adds a match and what lies between the last one's end and it. */
  void addMatch(int lastEnd, int start, int end) {
    if (lastEnd != start) {
      add(lastEnd, start, false);
    }
    add(start, end, true);
  }

  int size() {
    return starts.size();
  }

  int start(int i) {
    return starts.get(i);
  }

  int end(int i) {
    return ends.get(i);
  }

  boolean isMatch(int i) {
    return matches.get(i) != 0;
  }

  boolean anyMatch() {
    return anyMatch;
  }

  /** Lengthens the last range. */
  void extendLast(int end) {
    ends.set(ends.size() - 1, end);
  }

  Spans inverted() {
    Spans out = new Spans();
    for (int i = 0; i < size(); i++) {
      out.add(start(i), end(i), !isMatch(i));
    }
    return out;
  }
}
