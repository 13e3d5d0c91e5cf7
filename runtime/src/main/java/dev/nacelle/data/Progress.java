package dev.nacelle.data;

/** Hears how far a pass over the data is. Called every few hundred records and at the end. */
@FunctionalInterface
public interface Progress {
  /** Hears nothing. */
  Progress NONE = (done, total) -> {};

  void at(long bytesDone, long bytesTotal);
}
