package dev.nacelle.data;

/**
 * What a dataset, or one side of its split, comes to once every record was tokenised.
 *
 * @param records records that could be read
 * @param samples records that are trained on
 * @param truncated records that were longer than the largest length, also those then dropped
 * @param dropped records left out because no target was left
 * @param badLines lines left out because they are no record of a known shape
 * @param tokens tokens of all samples
 * @param targetTokens tokens with a loss
 * @param longest length of the longest sample, 0 without one
 */
public record DataCounts(
    long records,
    long samples,
    long truncated,
    long dropped,
    long badLines,
    long tokens,
    long targetTokens,
    int longest) {
  /** Nothing seen yet. */
  public static final DataCounts NONE = new DataCounts(0, 0, 0, 0, 0, 0, 0, 0);

  /** These and one record more. */
  DataCounts plus(Reading reading) {
    return switch (reading) {
      case Reading.Kept kept -> {
        Sample sample = kept.sample();
        yield new DataCounts(
            records + 1,
            samples + 1,
            truncated + (sample.truncated() ? 1 : 0),
            dropped,
            badLines,
            tokens + sample.length(),
            targetTokens + sample.targetTokens(),
            Math.max(longest, sample.length()));
      }
      case Reading.Dropped drop ->
          new DataCounts(
              records + 1,
              samples,
              truncated + (drop.truncated() ? 1 : 0),
              dropped + 1,
              badLines,
              tokens,
              targetTokens,
              longest);
      case Reading.Bad refused ->
          new DataCounts(
              records, samples, truncated, dropped, badLines + 1, tokens, targetTokens, longest);
    };
  }
}
