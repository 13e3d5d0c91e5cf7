package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How often each token is drawn, against probabilities worked out token by token. */
final class SamplingTest {
  private static final long SEED = 20261123;
  private static final int DRAWS = 20_000;
  private static final float[] LOGITS = {0.3f, -1.2f, 2.1f, 1.9f, -0.4f, 0.9f, -5f, 1.1f};

  /** A token's probability by the words of the definition, without sorting anything. */
  private static double[] probabilities(double temperature, int topK, double topP) {
    double[] p = new double[LOGITS.length];
    for (int i = 0; i < p.length; i++) {
      boolean among = topK == 0 || likelier(i) < topK;
      p[i] = among ? Math.exp(LOGITS[i] / temperature) : 0;
    }
    normalise(p);
    double[] kept = p.clone();
    for (int i = 0; i < p.length; i++) {
      double before = 0;
      for (double other : p) {
        before += other > p[i] ? other : 0;
      }
      kept[i] = before < topP ? p[i] : 0;
    }
    normalise(kept);
    return kept;
  }

  private static int likelier(int token) {
    int n = 0;
    for (float logit : LOGITS) {
      n += logit > LOGITS[token] ? 1 : 0;
    }
    return n;
  }

  private static void normalise(double[] p) {
    double sum = 0;
    for (double x : p) {
      sum += x;
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= sum;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, 1",
    "0.5, 0, 1",
    "2, 0, 1",
    "1, 1, 1",
    "1, 3, 1",
    "0.7, 5, 1",
    "1, 100, 1",
    "1, 0, 0.3",
    "1, 0, 0.62",
    "1.5, 0, 0.9",
    "1, 0, 0.0001",
    "0.8, 4, 0.7",
    "3, 2, 0.5"
  })
  void frequenciesAreTheProbabilities(double temperature, int topK, double topP) {
    double[] want = probabilities(temperature, topK, topP);
    Sampling sampling = new Sampling(temperature, topK, topP);
    SplittableRandom random = new SplittableRandom(SEED);
    int[] counts = new int[LOGITS.length];
    for (int n = 0; n < DRAWS; n++) {
      counts[sampling.draw(LOGITS, random)]++;
    }
    for (int i = 0; i < counts.length; i++) {
      double deviation = Math.sqrt(DRAWS * want[i] * (1 - want[i]));
      assertEquals(
          DRAWS * want[i], counts[i], 5 * deviation + 1e-9, "token " + i + ", seed " + SEED);
    }
  }

  @Test
  void greedyTakesTheFirstOfTheLikeliest() {
    SplittableRandom random = new SplittableRandom(SEED);
    assertEquals(2, Sampling.GREEDY.draw(LOGITS, random));
    assertEquals(1, Sampling.GREEDY.draw(new float[] {-3, 5, 5}, random));
    assertEquals(0, Sampling.GREEDY.draw(new float[] {-3}, random));
    assertEquals(1, Sampling.GREEDY.draw(new float[] {Float.NEGATIVE_INFINITY, -100}, random));
  }

  @Test
  void farApartLogitsDoNotOverflow() {
    SplittableRandom random = new SplittableRandom(SEED);
    float[] logits = {-1e30f, 3e30f, 1e4f, Float.NEGATIVE_INFINITY};
    for (int n = 0; n < 100; n++) {
      assertEquals(1, new Sampling(0.01, 0, 0.99).draw(logits, random));
    }
  }

  @Test
  void oneSeedOneText() {
    Sampling sampling = new Sampling(1, 0, 1);
    SplittableRandom one = new SplittableRandom(SEED);
    SplittableRandom two = new SplittableRandom(SEED);
    boolean varied = false;
    for (int n = 0; n < 200; n++) {
      int token = sampling.draw(LOGITS, one);
      assertEquals(token, sampling.draw(LOGITS, two));
      varied |= token != 2;
    }
    assertTrue(varied);
  }

  /** The definition: all tokens in order, their weights, the first that reach p. */
  private static int bySorting(Sampling sampling, float[] logits, SplittableRandom random) {
    Integer[] order = new Integer[logits.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (i, j) -> Float.compare(logits[j], logits[i]));
    int kept = sampling.topK() > 0 ? Math.min(sampling.topK(), order.length) : order.length;
    double[] weights = new double[kept];
    double total = 0;
    for (int i = 0; i < kept; i++) {
      weights[i] =
          Math.exp(((double) logits[order[i]] - logits[order[0]]) / sampling.temperature());
      total += weights[i];
    }
    double within = 0;
    int last = 0;
    while (last < kept && within < sampling.topP() * total) {
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

  @Test
  void drawsWhatSortingDraws() {
    SplittableRandom choices = new SplittableRandom(SEED);
    int draws = 0;
    for (int n = 0; n < 6_000; n++) {
      float[] logits = new float[n % 600 == 0 ? 50_000 : 1 + choices.nextInt(300)];
      boolean ties = choices.nextInt(3) == 0;
      double spread = Math.pow(10, choices.nextInt(-2, 3));
      for (int i = 0; i < logits.length; i++) {
        double value = spread * (choices.nextDouble() - 0.5);
        logits[i] = (float) (ties ? Math.rint(value * 4) / 4 : value);
        logits[i] = choices.nextInt(40) == 0 ? Float.NEGATIVE_INFINITY : logits[i];
      }
      logits[choices.nextInt(logits.length)] = (float) spread;
      Sampling sampling =
          new Sampling(
              0.05 + 2 * choices.nextDouble(),
              choices.nextInt(3) == 0 ? 0 : choices.nextInt(60),
              choices.nextInt(3) == 0 ? 1 : choices.nextDouble());
      long seed = choices.nextLong();
      assertEquals(
          bySorting(sampling, logits, new SplittableRandom(seed)),
          sampling.draw(logits, new SplittableRandom(seed)),
          "case " + n + ", seed " + SEED + ": " + sampling);
      draws++;
    }
    assertEquals(6_000, draws);
  }
}
