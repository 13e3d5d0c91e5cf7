package dev.nacelle.data;

/** What became of one record. */
public sealed interface Reading {
  /** It is a sample. */
  record Kept(Sample sample) implements Reading {}

  /**
   * It has no target, and is left out.
   *
   * @param ids its tokens, cut to the largest length
   * @param truncated whether they were cut
   * @param why a few words for the reader
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Dropped(int[] ids, boolean truncated, String why) implements Reading {}

  /**
   * The chat template refused it, and bad lines are skipped.
   *
   * @param message what failed, with {@code FILE:LINE}
   */
  record Bad(String message) implements Reading {}
}
