package dev.nacelle.text.tokenizer;

/** What becomes of the delimiter that a pre-tokenizer splits at. */
enum SplitBehavior {
  REMOVED,
  ISOLATED,
  MERGED_WITH_PREVIOUS,
  MERGED_WITH_NEXT,
  CONTIGUOUS;

  /** The ranges to keep; in the result a match is a range to drop. */
  Spans apply(Spans found) {
    return switch (this) {
      case REMOVED -> found;
      case ISOLATED -> kept(found);
      case CONTIGUOUS -> contiguous(found);
      case MERGED_WITH_PREVIOUS -> withPrevious(found);
      case MERGED_WITH_NEXT -> withNext(found);
    };
  }

  private static Spans kept(Spans found) {
    Spans out = new Spans();
    for (int i = 0; i < found.size(); i++) {
      out.add(found.start(i), found.end(i), false);
    }
    return out;
  }

  private static Spans contiguous(Spans found) {
    Spans out = new Spans();
    boolean previous = false;
    for (int i = 0; i < found.size(); i++) {
      if (found.isMatch(i) == previous && out.size() > 0) {
        out.extendLast(found.end(i));
      } else {
        out.add(found.start(i), found.end(i), false);
      }
      previous = found.isMatch(i);
    }
    return out;
  }

  private static Spans withPrevious(Spans found) {
    Spans out = new Spans();
    boolean previous = false;
    for (int i = 0; i < found.size(); i++) {
      if (found.isMatch(i) && !previous && out.size() > 0) {
        out.extendLast(found.end(i));
      } else {
        out.add(found.start(i), found.end(i), false);
      }
      previous = found.isMatch(i);
    }
    return out;
  }

  /** Of several matches in a row only the last joins what follows it. */
  private static Spans withNext(Spans found) {
    Spans out = new Spans();
    int n = found.size();
    int i = 0;
    while (i < n) {
      boolean joins = found.isMatch(i) && i + 1 < n && !found.isMatch(i + 1);
      out.add(found.start(i), found.end(joins ? i + 1 : i), false);
      i += joins ? 2 : 1;
    }
    return out;
  }
}
