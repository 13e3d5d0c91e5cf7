package dev.nacelle.data.topics;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;

/** Counts the topics of some texts. */
public final class Topics {
  /** The most topics that are tried: the elbow of eight still shows with four more behind it. */
  public static final int MOST = 12;

  /** Texts that are looked at; of more, as many are taken as a seed draws. */
  public static final int MOST_TEXTS = 2048;

  private static final double ROUNDING = 1e-9;

  private Topics() {}

  /** Hears of a text that was read, or a number of topics that was tried. */
  @FunctionalInterface
  public interface Progress {
    void at(long done, long total);
  }

  /**
   * The number of topics and its curve; the same for the same texts and seed on every machine.
   *
   * @param count texts there are
   * @param text the text of a place, from 0; each is asked for once and not kept
   * @param mostWords of a text that are looked at
   */
  public static TopicCurve of(
      long count, LongFunction<String> text, int mostWords, long seed, Progress progress) {
    if (count < 1) {
      throw new IllegalArgumentException("the topics of no text");
    }
    SparseRows rows = rows(count, text, mostWords, progress);
    KMeans means = new KMeans(rows, seed);
    double[] curve =
        means.curve((int) Math.min(MOST, count), tried -> progress.at(count + tried, count + MOST));
    for (int k = 0; k < curve.length; k++) {
      curve[k] = rounded(curve[k], count);
    }
    progress.at(count + MOST, count + MOST);
    List<Double> sse = Arrays.stream(curve).boxed().toList();
    return new TopicCurve(Elbow.of(curve), sse, count, rows.width());
  }

  private static SparseRows rows(
      long count, LongFunction<String> text, int mostWords, Progress progress) {
    TfIdf vectors = new TfIdf(mostWords);
    for (long i = 0; i < count; i++) {
      vectors.add(text.apply(i));
      progress.at(i + 1, count + MOST);
    }
    return vectors.rows();
  }

  /** Vectors have length one: what is left of equal ones is rounding. */
  private static double rounded(double sse, long count) {
    return sse < ROUNDING * count ? 0 : sse;
  }
}
