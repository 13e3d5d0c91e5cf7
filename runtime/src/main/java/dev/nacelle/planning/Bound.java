package dev.nacelle.planning;

/**
 * What a process may hold.
 *
 * @param bytes of its resident set
 * @param words where the number comes from: {@code --budget}, say
 */
public record Bound(long bytes, String words) {
  /** The smaller of two. */
  public Bound and(Bound other) {
    return other.bytes < bytes ? other : this;
  }
}
