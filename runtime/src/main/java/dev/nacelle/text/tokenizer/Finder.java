package dev.nacelle.text.tokenizer;

import java.util.function.IntPredicate;

/** Finds a pattern in a stretch of text, which it treats as a text of its own. */
interface Finder {
  /** Ranges that cover {@code from} to {@code to}, in units of {@code text}. */
  Spans find(String text, int from, int to);

  /** Each character of a class is one match. */
  static Finder characters(IntPredicate characters) {
    return (text, from, to) -> {
      Spans spans = new Spans();
      int last = from;
      int at = from;
      while (at < to) {
        int c = text.codePointAt(at);
        int next = at + Character.charCount(c);
        if (characters.test(c)) {
          spans.addMatch(last, at, next);
          last = next;
        }
        at = next;
      }
      if (last < to) {
        spans.add(last, to, false);
      }
      return spans;
    };
  }

  /** A string as it stands; an empty one matches between all characters as a pattern would. */
  static Finder literal(String literal) {
    if (literal.isEmpty()) {
      return RegexFinder.compile("");
    }
    return (text, from, to) -> {
      Spans spans = new Spans();
      int last = from;
      int at = text.indexOf(literal, from, to);
      while (at >= 0) {
        spans.addMatch(last, at, at + literal.length());
        last = at + literal.length();
        at = text.indexOf(literal, last, to);
      }
      if (last < to) {
        spans.add(last, to, false);
      }
      return spans;
    };
  }

  default Finder inverted() {
    return (text, from, to) -> find(text, from, to).inverted();
  }
}
