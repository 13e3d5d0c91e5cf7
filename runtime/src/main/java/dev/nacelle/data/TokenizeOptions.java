package dev.nacelle.data;

/**
 * How records become samples.
 *
 * @param maxLength tokens; what is longer is cut at its end
 * @param trainOn which tokens are targets
 * @param format the shape of every record, or {@link DataFormat#AUTO}
 * @param skipBadLines whether a bad line is counted and left out instead of ending the run
 */
public record TokenizeOptions(
    int maxLength, TrainOn trainOn, DataFormat format, boolean skipBadLines) {
  public TokenizeOptions {
    if (maxLength < 1) {
      throw new IllegalArgumentException("maxLength is " + maxLength + ", below 1");
    }
  }
}
