package dev.nacelle;

/** The learning rate after the warm-up; {@code --schedule} of the command line. */
public enum RateSchedule {
  CONSTANT,
  /** A line to 0. */
  LINEAR,
  /** Half a cosine to 0. */
  COSINE
}
