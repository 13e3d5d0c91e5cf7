package dev.nacelle.data;

import java.util.Optional;

/** Records by their number, as one purpose sees them. */
public interface Records {
  /** Numbers of records run from 0 to this. */
  long records();

  /** What the record comes to; empty where it is none of this purpose's. */
  Optional<Reading> read(long record);

  /**
   * Reads every record once, to count. The answer is kept.
   *
   * @throws dev.nacelle.NacelleException (input) where no sample is left to train on
   */
  DataCounts measure(Progress progress);
}
