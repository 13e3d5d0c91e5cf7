package dev.nacelle.memory.technique;

/** Whether a technique changes the numbers of a step. */
public enum Exactness {
  /** The same bits. */
  BITS("the same bits"),
  /** The same numbers, up to the order of sums. */
  SUMS("exact up to the order of sums"),
  /** Other numbers; their mean is the exact ones. */
  UNBIASED("approximate, unbiased"),
  /** Other numbers, near the exact ones. */
  APPROXIMATE("approximate"),
  /** Exact, but it is another problem that is solved: less trains. */
  OTHER_PROBLEM("exact, but fewer parameters train");

  private final String label;

  Exactness(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }

  /** Whether it may be chosen without {@code --allow-approximate}. */
  public boolean isExact() {
    return this != UNBIASED && this != APPROXIMATE;
  }
}
