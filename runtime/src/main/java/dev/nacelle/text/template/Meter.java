package dev.nacelle.text.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * What one rendering may use. Real templates stay below a thousand steps a message; the allowances
 * grow with the conversation, so that a very long one is no attack.
 */
final class Meter {
  /** Evaluated nodes and items walked: a second or two. */
  static final long STEPS = 8_000_000;

  /** Characters of all strings made, together. */
  static final long CHARACTERS = 64L << 20;

  /** Characters of one string. */
  static final long LONGEST = 16L << 20;

  /** Nested evaluations, over macros and loops: what half a megabyte of stack holds. */
  static final int DEPTH = 400;

  private final long longest;
  private long steps;
  private long characters;
  private int depth;

  /**
   * @param inputCharacters length of the conversation's text
   */
  Meter(long inputCharacters) {
    this.steps = STEPS + 16 * inputCharacters;
    this.characters = CHARACTERS + 64 * inputCharacters;
    this.longest = LONGEST + 4 * inputCharacters;
  }

  void step() {
    if (--steps < 0) {
      throw Failure.limit("more than " + STEPS + " steps");
    }
  }

  void steps(long count) {
    if (count < 0 || (steps -= count) < 0) {
      throw Failure.limit("more than " + STEPS + " steps");
    }
  }

  /** Books a walk over the characters of a string. */
  void scan(long length) {
    steps(length >> 4);
  }

  /** Books the search of a string for another; at worst each place looks at all of it. */
  void search(String text, String wanted) {
    scan(text.length());
    steps(((long) text.length() * wanted.length()) >> 9);
  }

  /** Books a walk over a value, where it is a string. */
  void scan(Object value) {
    if (Types.isString(value)) {
      scan(Types.text(value).length());
    }
  }

  /** Books a part that a split made: an object of its own, however short. */
  String part(String text) {
    steps(4);
    text(text.length());
    return text;
  }

  /** Books a string that is about to be made. */
  void text(long length) {
    if (length < 0 || length > longest) {
      throw Failure.limit("a text of more than " + longest + " characters");
    }
    if ((characters -= length) < 0) {
      throw Failure.limit("more than " + CHARACTERS + " characters of text in all");
    }
  }

  String made(String text) {
    text(text.length());
    return text;
  }

  void enter() {
    if (++depth > DEPTH) {
      throw Failure.limit("evaluation nested deeper than " + DEPTH);
    }
  }

  void leave() {
    depth--;
  }

  /** The items of an iterator as a list, each a step. */
  List<Object> collect(Iterator<Object> items) {
    List<Object> out = new ArrayList<>();
    while (items.hasNext()) {
      Object item = items.next();
      steps(item instanceof String ? 4 : 1);
      out.add(item);
    }
    return out;
  }
}
