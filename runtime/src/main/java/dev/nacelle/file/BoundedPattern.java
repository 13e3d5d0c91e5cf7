package dev.nacelle.file;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression out of a file, held against module paths: one that would take forever gives
 * up instead.
 */
final class BoundedPattern {
  /** Characters that a pattern may look at before it counts as runaway. */
  private static final int MOST_LOOKS = 1_000_000;

  /** The pattern looked at too much. */
  static final class RunawayException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private final Pattern pattern;

  /**
   * @throws PatternSyntaxException if it is none that Java reads
   */
  BoundedPattern(String text) {
    pattern = Pattern.compile(text);
  }

  /**
   * Whether the whole path is meant.
   *
   * @throws RunawayException if that takes too long to find out
   */
  boolean matches(String path) {
    try {
      return pattern.matcher(new Counted(path)).matches();
    } catch (StackOverflowError e) {
      RunawayException runaway = new RunawayException();
      runaway.initCause(e);
      throw runaway;
    }
  }

  /** A path that gives up when it is looked at too often. */
  private static final class Counted implements CharSequence {
    private final String text;
    private int looks;

    Counted(String text) {
      this.text = text;
    }

    @Override
    public char charAt(int index) {
      if (++looks > MOST_LOOKS) {
        throw new RunawayException();
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
