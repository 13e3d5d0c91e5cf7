package dev.nacelle.file;

/** A value of a GGUF file's metadata. */
public sealed interface GgufValue {
  /** A whole number; one of 64 unsigned bits that does not fit is refused when it is read. */
  record Whole(long value) implements GgufValue {}

  /** A number with a fraction. */
  record Real(double value) implements GgufValue {}

  /** True or false. */
  record Flag(boolean value) implements GgufValue {}

  /** A string. */
  record Text(String value) implements GgufValue {}

  /**
   * A list; its elements stay in the file until they are asked for.
   *
   * @param elementType the format's number of their type: 8 string, 9 list, 6 and 12 with fraction
   * @param count how many there are
   * @param offset where the first begins
   */
  record Listing(int elementType, long count, long offset) implements GgufValue {}
}
