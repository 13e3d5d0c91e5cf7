package dev.nacelle.text.tokenizer;

import dev.nacelle.NacelleException;

/** Reads a pattern from left to right. */
final class RegexCursor {
  private final String pattern;
  private int at;

  RegexCursor(String pattern) {
    this.pattern = pattern;
  }

  boolean atEnd() {
    return at >= pattern.length();
  }

  /** The next character, or −1. */
  int peek() {
    return atEnd() ? -1 : pattern.codePointAt(at);
  }

  int next() {
    if (atEnd()) {
      throw refuse("it ends too early");
    }
    int c = pattern.codePointAt(at);
    at += Character.charCount(c);
    return c;
  }

  /** Passes {@code expected} if it comes next. */
  boolean skip(String expected) {
    boolean found = pattern.startsWith(expected, at);
    if (found) {
      at += expected.length();
    }
    return found;
  }

  boolean startsWith(String expected) {
    return pattern.startsWith(expected, at);
  }

  /** What comes before {@code end}, which is passed too. */
  String until(char end) {
    int stop = pattern.indexOf(end, at);
    if (stop < 0) {
      throw refuse("a " + end + " is missing");
    }
    String found = pattern.substring(at, stop);
    at = stop + 1;
    return found;
  }

  int position() {
    return at;
  }

  void moveTo(int position) {
    at = position;
  }

  /** Up to {@code most} digits of the radix, as a number; {@code least} must be there. */
  int digits(int radix, int least, int most) {
    int value = 0;
    int count = 0;
    while (count < most && !atEnd() && Character.digit(pattern.charAt(at), radix) >= 0) {
      value = value * radix + Character.digit(pattern.charAt(at++), radix);
      count++;
    }
    if (count < least) {
      throw refuse("digits are missing");
    }
    return value;
  }

  NacelleException refuse(String why) {
    return Refusal.of("in the pattern " + Refusal.quote(pattern) + " at " + at + ": " + why);
  }
}
