package dev.nacelle;

/** The order of samples within an epoch; {@code --order} of the command line. */
public enum SampleOrder {
  /** Another order for each epoch, drawn from the seed. */
  SHUFFLE,
  /** As the records stand in the files. */
  FILE
}
