package dev.nacelle.train;

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
    return draw(logits, random, new LikeliestFirst());
  }

  /**
   * @param tokens room that may be used again for the next token
   */
  int draw(float[] logits, SplittableRandom random, LikeliestFirst tokens) {
    if (temperature == 0) {
      return likeliest(logits);
    }
    tokens.begin(logits);
    double top = logits[tokens.at(0)];
    int kept = topK > 0 ? Math.min(topK, logits.length) : logits.length;
    double total = 0;
    for (int i = 0; i < kept; i++) {
      // Without top-k the order does not matter, so that nothing needs to be put into one.
      total += weight(logits[kept < logits.length ? tokens.at(i) : i], top);
    }
    double within = total;
    int last = kept;
    if (topP < 1 || kept < logits.length) {
      within = 0;
      for (last = 0; last < kept && within < topP * total; last++) {
        within += weight(logits[tokens.at(last)], top);
      }
    }
    double point = random.nextDouble() * within;
    int drawn = tokens.at(0);
    for (int i = 0; i < last; i++) {
      double weight = weight(logits[tokens.at(i)], top);
      if (weight == 0) {
        break; // so are all that follow: rounding left a rest
      }
      drawn = tokens.at(i);
      point -= weight;
      if (point < 0) {
        break;
      }
    }
    return drawn;
  }

  private double weight(double logit, double top) {
    return Math.exp((logit - top) / temperature);
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
