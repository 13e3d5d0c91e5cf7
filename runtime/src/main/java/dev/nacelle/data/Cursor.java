package dev.nacelle.data;

/**
 * Where a {@link BatchSource} stands: all of its state.
 *
 * @param epoch from 0
 * @param position how many places of the epoch's order are behind us
 */
public record Cursor(long epoch, long position) {
  /** Before the first sample. */
  public static final Cursor START = new Cursor(0, 0);

  public Cursor {
    if (epoch < 0 || position < 0) {
      throw new IllegalArgumentException("a cursor of " + epoch + ", " + position);
    }
  }
}
