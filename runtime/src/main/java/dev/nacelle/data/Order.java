package dev.nacelle.data;

/** The order of samples within an epoch ({@code --order}). */
public enum Order {
  /** Another order for each epoch, drawn from the seed. */
  SHUFFLE,
  /** As the records stand in the files. */
  FILE
}
