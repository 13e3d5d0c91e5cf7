package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
}
