package dev.nacelle.data.topics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The number of topics in made texts whose number is known, and in texts that have none. */
final class TopicsTest {
  private static final int MOST_WORDS = 512;
  private static final TopicCurve ONE = new TopicCurve(1, List.of(0.0), 1, 0);

  private static TopicCurve curve(List<String> texts, long seed) {
    return Topics.of(texts.size(), i -> texts.get((int) i), MOST_WORDS, seed, (done, of) -> {});
  }

  /** A word of a list of words, the first of them far oftener than the last. */
  private static String word(Random random, String list, int words) {
    int number = (int) (Math.pow(words + 1, random.nextDouble()) - 1);
    return list + Integer.toString(number, 36);
  }

  /** Texts of so many topics, which share seven words of twenty, in any order. */
  private static List<String> planted(int topics, int textsEach, Random random) {
    int[] sizes = new int[topics];
    Arrays.fill(sizes, textsEach);
    return planted(sizes, 0, random);
  }

  /**
   * Topics of these sizes.
   *
   * @param own words of twenty that the first topic has in two kinds, each in half of its texts
   */
  private static List<String> planted(int[] sizes, int own, Random random) {
    List<String> texts = new ArrayList<>();
    for (int topic = 0; topic < sizes.length; topic++) {
      for (int text = 0; text < sizes[topic]; text++) {
        StringBuilder words = new StringBuilder();
        for (int w = 0; w < 20; w++) {
          int draw = random.nextInt(20);
          boolean common = draw < 7;
          boolean kind = topic == 0 && draw >= 20 - own;
          String list = common ? "all" : kind ? "kind" + text % 2 + "x" : "of" + topic + "x";
          words.append(word(random, list, common ? 100 : 40));
          words.append(w % 7 == 6 ? ". " : " ");
        }
        texts.add(words.toString());
      }
    }
    Collections.shuffle(texts, random);
    return texts;
  }

  @Test
  void findsAPlantedNumberOfTopics() {
    for (long seed = 1; seed <= 4; seed++) {
      for (int topics = 2; topics <= 8; topics++) {
        List<String> texts = planted(topics, 60, new Random(100 * seed + topics));
        TopicCurve found = curve(texts, seed);
        assertEquals(topics, found.chosen(), 1, "seed " + seed + ": " + found.sse());
      }
    }
  }

  /** A large one, a small one, large and small ones, sizes between: all 7 to 1. */
  @Test
  void findsTopicsOfUnequalSizes() {
    int off = 0;
    int sets = 0;
    for (long seed = 1; seed <= 2; seed++) {
      for (int topics = 2; topics <= 8; topics++) {
        for (int shape = 0; shape < 4; shape++) {
          int[] sizes = new int[topics];
          for (int t = 0; t < topics; t++) {
            boolean large = shape == 0 ? t == 0 : shape == 1 ? t > 0 : t % 2 == 0;
            double share = (double) t / (topics - 1);
            sizes[t] = shape == 3 ? (int) (210 * Math.pow(7, -share)) : large ? 210 : 30;
          }
          List<String> texts = planted(sizes, 0, new Random(100 * seed + topics));
          TopicCurve found = curve(texts, seed);
          String what = "seed " + seed + ", sizes " + Arrays.toString(sizes) + ": " + found.sse();
          assertEquals(topics, found.chosen(), 1, what);
          off += found.chosen() == topics ? 0 : 1;
          sets++;
        }
      }
    }
    assertEquals(56, sets);
    assertTrue(off <= 3, off + " of " + sets + " off by one");
  }

  /** A topic in two templates that share some of its words is one or two. */
  @Test
  void countsATopicOfTwoTemplatesOnceOrTwice() {
    for (int own : new int[] {3, 6, 10}) {
      for (int topics = 2; topics <= 8; topics++) {
        int[] sizes = new int[topics];
        Arrays.fill(sizes, 60);
        TopicCurve found = curve(planted(sizes, own, new Random(10L * own + topics)), own);
        String what = own + " words of its own, " + topics + " topics: " + found.sse();
        assertTrue(found.chosen() >= topics && found.chosen() <= topics + 1, what);
      }
    }
  }

  @Test
  void findsTasksThatSaveOneSentenceEach() {
    String[] tasks = {
      "Translate the word %s into French.",
      "Work out %d times %d and show each step.",
      "Which colour has a %s in the garden?",
      "Sort these names by the alphabet: %s, %s."
    };
    Random random = new Random(5);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      String filled = tasks[i % 4];
      while (filled.contains("%")) {
        filled = filled.replaceFirst("%.", Integer.toString(random.nextInt(90_000), 36));
      }
      texts.add(filled);
    }
    TopicCurve found = curve(texts, 0);
    assertEquals(4, found.chosen(), 1, found.sse().toString());
  }

  @Test
  void curveFallsAndIsTheSameForASeed() {
    List<String> texts = planted(5, 50, new Random(17));
    TopicCurve once = curve(texts, 3);
    assertEquals(once, curve(texts, 3));
    assertEquals(Topics.MOST, once.sse().size());
    for (int i = 1; i < once.sse().size(); i++) {
      assertTrue(once.sse().get(i) <= once.sse().get(i - 1), once.sse().toString());
    }
  }

  @Test
  void oneTextHasOneTopic() {
    assertEquals(ONE, curve(List.of("a text of its own"), 0));
  }

  @Test
  void equalTextsHaveOneTopic() {
    TopicCurve curve = curve(Collections.nCopies(40, "The same words, again."), 0);
    assertEquals(1, curve.chosen());
    assertEquals(Collections.nCopies(Topics.MOST, 0.0), curve.sse());
  }

  @Test
  void textsWithoutAWordHaveOneTopic() {
    for (String empty : List.of("", " \n\t", "?! …", "\uD83D\uDE00")) {
      assertEquals(1, curve(Collections.nCopies(30, empty), 0).chosen());
    }
    List<String> some = new ArrayList<>(Collections.nCopies(20, ""));
    some.addAll(Collections.nCopies(20, "words at last"));
    assertTrue(curve(some, 0).chosen() <= 2);
  }

  @Test
  void kindsOfEqualTextsAreCounted() {
    for (int kinds = 2; kinds <= 8; kinds++) {
      List<String> texts = new ArrayList<>();
      for (int i = 0; i < 10 * kinds; i++) {
        texts.add("the " + "ab".repeat(1 + i % kinds) + " and " + "cd".repeat(1 + i % kinds));
      }
      assertEquals(kinds, curve(texts, kinds).chosen());
    }
  }

  /** k-means against the least of all partitions, which is computed for few vectors. */
  @Test
  void findsTheBestPartitionOfFewVectors() {
    Random random = new Random(23);
    for (int round = 0; round < 20; round++) {
      List<String> texts = planted(2, 4, random);
      TfIdf vectors = new TfIdf(MOST_WORDS);
      texts.forEach(vectors::add);
      SparseRows rows = vectors.rows();
      KMeans means = new KMeans(rows, round);
      means.grow();
      double least = Double.POSITIVE_INFINITY;
      for (int mask = 0; mask < 1 << (rows.count() - 1); mask++) {
        least = Math.min(least, spread(rows, mask, 0) + spread(rows, mask, 1));
      }
      assertEquals(least, means.sse(), 0.02 * least, "round " + round);
      assertTrue(means.sse() >= least * (1 - 1e-6), "no partition is better: round " + round);
    }
  }

  /** Squared distances of the rows on one side of a mask to their mean, by all pairs of them. */
  private static double spread(SparseRows rows, int mask, int side) {
    double sum = 0;
    int members = 0;
    for (int a = 0; a < rows.count(); a++) {
      if ((mask >> a & 1) == side) {
        members++;
        double[] dense = new double[rows.width()];
        rows.addTo(a, dense);
        for (int b = 0; b < a; b++) {
          if ((mask >> b & 1) == side) {
            sum += rows.squaredLength(a) + rows.squaredLength(b) - 2 * rows.dot(b, dense);
          }
        }
      }
    }
    return members == 0 ? 0 : sum / members;
  }

  @Test
  void termsAreWordsWhateverTheirCaseAndSigns() {
    assertEquals(terms("Give me, please: 3 APPLES!"), terms("give ME please 3 (apples)"));
    assertEquals(3, terms("猫と犬").size(), "an ideograph is a term of its own");
    List<Integer> cut = new ArrayList<>();
    Words.of("one two three four", 2, cut::add);
    assertEquals(terms("one two"), cut);
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("tr"));
      assertEquals(terms("title"), terms("TITLE"), "no locale has a say");
    } finally {
      Locale.setDefault(before);
    }
  }

  private static List<Integer> terms(String text) {
    List<Integer> terms = new ArrayList<>();
    Words.of(text, MOST_WORDS, terms::add);
    return terms;
  }

  @Test
  void elbowIsTheSharpestBend() {
    assertEquals(3, Elbow.of(new double[] {10, 6, 2, 1.5, 1, 0.5}));
    assertEquals(1, Elbow.of(new double[] {4, 3, 2, 1}));
    assertEquals(1, Elbow.of(new double[] {7}));
    assertEquals(1, Elbow.of(new double[] {7, 3}));
    assertEquals(1, Elbow.of(new double[] {0, 0, 0}));
    assertEquals(3, Elbow.of(new double[] {10, 6, 5, 4.8, 4.6, 4.4}), "a small gain that counts");
    assertEquals(2, Elbow.of(new double[] {10, 5, 4.9, 4.8, 4.7, 4.6999}), "the last is chance");
    assertEquals(4, Elbow.of(new double[] {10, 9, 8.5, 5, 4.8, 4.6}), "the hull's gains");
  }

  @Test
  void boundedWhateverATextHolds() {
    StringBuilder many = new StringBuilder();
    for (int i = 0; i < 200_000; i++) {
      many.append(Integer.toString(i, 36)).append(' ');
    }
    TfIdf vectors = new TfIdf(1 << 20);
    for (int i = 0; i < 4; i++) {
      vectors.add(many + "x" + i);
    }
    SparseRows rows = vectors.rows();
    assertTrue(rows.width() <= 4096, "columns: " + rows.width());
    assertTrue(rows.columns()[0].length <= 256, "entries: " + rows.columns()[0].length);
  }
}
