package dev.nacelle.data.topics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * TF-IDF vectors of texts that are read one after another: (1 + ln count)·(1 + ln((n+1)/(df+1))),
 * each row of length one, for df of n texts that have the term. HydraLoRA's paper says TF-IDF and
 * no more; this form is scikit-learn's. Left out are terms that every text has, which are the words
 * of a template, and those of fewer than one text in 250, which cannot tell topics apart.
 *
 * <p>Held are a counter for each number of {@link Words} (1 MiB) and the terms of each text, at
 * most 2 KiB of each: the smallest heap that the launcher gives has room for them.
 */
final class TfIdf {
  /** Terms that a text keeps. */
  private static final int MOST_TERMS = 256;

  /** One text in so many has to have a term. */
  private static final int RAREST = 250;

  /** Columns, the terms of most texts first. */
  private static final int MOST_COLUMNS = 4096;

  private final int mostWords;
  private final int[] textsWith = new int[1 << Words.BITS];
  private final List<int[]> texts = new ArrayList<>();
  private int[] buffer = new int[256];
  private int filled;

  /**
   * @param mostWords of a text that are looked at
   */
  TfIdf(int mostWords) {
    this.mostWords = mostWords;
  }

  /** Takes a text; nothing of its characters is kept. */
  void add(String text) {
    filled = 0;
    Words.of(text, mostWords, this::put);
    int[] terms = Arrays.copyOf(buffer, filled);
    Arrays.sort(terms);
    // Pairs of a term and how often it stands there.
    int[] pairs = new int[2 * terms.length];
    int n = 0;
    for (int i = 0; i < terms.length && n < MOST_TERMS; ) {
      int from = i;
      while (i < terms.length && terms[i] == terms[from]) {
        i++;
      }
      pairs[2 * n] = terms[from];
      pairs[2 * n + 1] = i - from;
      textsWith[terms[from]]++;
      n++;
    }
    texts.add(Arrays.copyOf(pairs, 2 * n));
  }

  private void put(int term) {
    if (filled == buffer.length) {
      buffer = Arrays.copyOf(buffer, 2 * filled);
    }
    buffer[filled++] = term;
  }

  /** The vectors of all texts; a text without a telling term has no entry. */
  SparseRows rows() {
    int n = texts.size();
    int[] column = columns();
    int[][] columns = new int[n][];
    float[][] values = new float[n][];
    for (int row = 0; row < n; row++) {
      int[] pairs = texts.get(row);
      int[] at = new int[pairs.length / 2];
      double[] v = new double[pairs.length / 2];
      int filledHere = 0;
      double squares = 0;
      for (int i = 0; i < pairs.length; i += 2) {
        int term = pairs[i];
        if (column[term] > 0) {
          at[filledHere] = column[term] - 1;
          double idf = 1 + StrictMath.log((n + 1.0) / (textsWith[term] + 1.0));
          v[filledHere] = (1 + StrictMath.log(pairs[i + 1])) * idf;
          squares += v[filledHere] * v[filledHere];
          filledHere++;
        }
      }
      columns[row] = Arrays.copyOf(at, filledHere);
      values[row] = new float[filledHere];
      for (int i = 0; i < filledHere; i++) {
        values[row][i] = (float) (v[i] / Math.sqrt(squares));
      }
    }
    return new SparseRows(Arrays.stream(column).max().orElse(0), columns, values);
  }

  /** The column of each term, from 1; 0 for a term that is left out. Columns rise with terms. */
  private int[] columns() {
    int n = texts.size();
    int rarest = Math.max(2, Math.ceilDiv(n, RAREST));
    int[] telling =
        IntStream.range(0, textsWith.length)
            .filter(t -> textsWith[t] >= rarest && textsWith[t] < n)
            .boxed()
            .sorted((a, b) -> Integer.compare(textsWith[b], textsWith[a]))
            .limit(MOST_COLUMNS)
            .mapToInt(t -> t)
            .sorted()
            .toArray();
    int[] column = new int[textsWith.length];
    for (int i = 0; i < telling.length; i++) {
      column[telling[i]] = i + 1;
    }
    return column;
  }
}
