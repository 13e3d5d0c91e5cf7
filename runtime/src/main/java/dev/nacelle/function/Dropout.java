package dev.nacelle.function;

/**
 * Which elements a dropout keeps: a counter decides, so that backward makes the same mask again and
 * nobody stores it.
 *
 * @param p the share that is dropped, below 1; 0 keeps everything
 * @param seed one number a module
 * @param offset position of the first element, so that no two batches share a mask
 */
public record Dropout(float p, long seed, long offset) {
  public static final Dropout NONE = new Dropout(0, 0, 0);

  /** None where {@code p} is 0. */
  public static Dropout of(float p, long seed, long offset) {
    return p > 0 ? new Dropout(p, seed, offset) : NONE;
  }

  public boolean isActive() {
    return p > 0;
  }
}
