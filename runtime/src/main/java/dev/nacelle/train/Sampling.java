package dev.nacelle.train;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * How the next token is drawn from the logits.
 *
 * @param temperature 0 takes the likeliest token
 * @param topK only the k likeliest stay; 0 for all
 * @param topP only the likeliest whose probabilities reach p stay; 1 for all
 */
public record Sampling(double temperature, int topK, double topP) {
  public static final Sampling GREEDY = new Sampling(0, 0, 1);

  /** Draws a token id from logits (V). */
  public int draw(float[] logits, SplittableRandom random) {
    if (temperature == 0) {
      return likeliest(logits);
    }
    Integer[] order = new Integer[logits.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (i, j) -> Float.compare(logits[j], logits[i]));
    int kept = topK > 0 ? Math.min(topK, order.length) : order.length;
    double[] weights = new double[kept];
    double total = 0;
    for (int i = 0; i < kept; i++) {
      weights[i] = Math.exp(((double) logits[order[i]] - logits[order[0]]) / temperature);
      total += weights[i];
    }
    double within = 0;
    int last = 0;
    while (last < kept && within < topP * total) {
      within += weights[last++];
    }
    double point = random.nextDouble() * within;
    for (int i = 0; i < last; i++) {
      point -= weights[i];
      if (point < 0) {
        return order[i];
      }
    }
    return order[Math.max(0, last - 1)];
  }

  private static int likeliest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}
