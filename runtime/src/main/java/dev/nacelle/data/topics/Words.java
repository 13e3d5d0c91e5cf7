package dev.nacelle.data.topics;

import java.util.function.IntConsumer;

/**
 * The terms of a text: runs of letters and digits in lower case, and each ideograph by itself,
 * since those are not set apart by spaces. A term is known by a number of {@link #BITS} bits that
 * its characters are hashed to: no table of words has to be held, and two of them rarely share one.
 */
final class Words {
  static final int BITS = 18;

  private Words() {}

  /**
   * Hands on the terms of a text in their order, as many as are wanted.
   *
   * @param most terms to look at: what a training would cut off says nothing about it
   */
  static void of(String text, int most, IntConsumer term) {
    int left = most;
    long hash = 0;
    boolean inside = false;
    for (int i = 0; i < text.length() && left > 0; ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      boolean whole = Character.isIdeographic(c);
      if (inside && (whole || !Character.isLetterOrDigit(c))) {
        term.accept(number(hash));
        left--;
        inside = false;
        hash = 0;
      }
      if (whole && left > 0) {
        term.accept(number(c));
        left--;
      } else if (Character.isLetterOrDigit(c)) {
        hash = hash * 0x100000001B3L + Character.toLowerCase(c) + 1;
        inside = true;
      }
    }
    if (inside && left > 0) {
      term.accept(number(hash));
    }
  }

  /** SplitMix64's finaliser: each bit of a hash moves each bit of the number. */
  private static int number(long hash) {
    long z = (hash ^ (hash >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return (int) ((z ^ (z >>> 31)) >>> (Long.SIZE - BITS));
  }
}
