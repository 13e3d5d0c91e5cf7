package dev.nacelle.memory.technique;

/** The three ways of needing less memory. */
public enum Principle {
  /** Fewer things are needed at all. */
  LESS("do less"),
  /** The same things in fewer bytes, or not in memory. */
  SMALLER("store smaller or elsewhere"),
  /** The same things for a shorter time. */
  SHORTER("store for a shorter time");

  private final String label;

  Principle(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }
}
