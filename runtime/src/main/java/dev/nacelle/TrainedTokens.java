package dev.nacelle;

/** Which tokens of a sample have a loss; {@code --train-on} of the command line. */
public enum TrainedTokens {
  /** Assistant turns and completions; plain text wholly. */
  COMPLETIONS,
  /** Every token but a sample's first. */
  ALL
}
