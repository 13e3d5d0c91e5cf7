package dev.nacelle.data;

/** Which tokens of a sample are targets ({@code --train-on}). */
public enum TrainOn {
  /** Assistant turns and completions; plain text wholly. */
  COMPLETIONS,
  /** Every token but the first. */
  ALL
}
