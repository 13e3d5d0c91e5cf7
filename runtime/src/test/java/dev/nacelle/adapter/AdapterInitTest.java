package dev.nacelle.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The numbers that a fresh A begins with: their range, spread and repeatability. */
final class AdapterInitTest {
  @ParameterizedTest
  @CsvSource({"1, 1", "16, 576", "8, 2048", "3, 7", "64, 1"})
  void uniformWithinOneOverTheRoot(long rank, long in) {
    float[] a = AdapterInit.uniformA(rank, in, AdapterInit.moduleSeed(5, "q_proj"));
    double bound = 1 / Math.sqrt((double) in);
    double sum = 0;
    double squares = 0;
    double largest = 0;
    for (float x : a) {
      sum += x;
      squares += x * x;
      largest = Math.max(largest, Math.abs(x));
    }
    assertEquals(rank * in, a.length);
    assertTrue(largest <= (float) bound, "bound");
    if (a.length > 5000) {
      // Of n uniform numbers: the mean within 5 deviations, the variance near bound² / 3.
      assertEquals(0, sum / a.length, 5 * bound / Math.sqrt(3.0 * a.length));
      assertEquals(bound * bound / 3, squares / a.length, 0.05 * bound * bound / 3);
      assertTrue(largest > 0.99 * bound, "the whole range is used");
    }
  }

  @Test
  void oneSeedAndPathOneA() {
    String path = "model.layers.0.self_attn.q_proj";
    long seed = AdapterInit.moduleSeed(42, path);
    assertEquals(seed, AdapterInit.moduleSeed(42, path));
    assertArrayEquals(AdapterInit.uniformA(4, 32, seed), AdapterInit.uniformA(4, 32, seed));
    // A smaller rank begins with the same rows: numbers depend on their place alone.
    float[] rows = AdapterInit.uniformA(2, 32, seed);
    float[] more = AdapterInit.uniformA(4, 32, seed);
    for (int i = 0; i < rows.length; i++) {
      assertEquals(more[i], rows[i]);
    }
  }

  @Test
  void otherSeedsAndPathsAreOtherNumbers() {
    Set<Long> seeds = new HashSet<>();
    int made = 0;
    for (long seed = 0; seed < 20; seed++) {
      for (int layer = 0; layer < 100; layer++) {
        seeds.add(AdapterInit.moduleSeed(seed, "model.layers." + layer + ".mlp.up_proj"));
        made++;
      }
    }
    assertEquals(made, seeds.size());
    assertNotEquals(
        AdapterInit.uniformA(1, 1, AdapterInit.moduleSeed(1, "a"))[0],
        AdapterInit.uniformA(1, 1, AdapterInit.moduleSeed(2, "a"))[0]);
  }
}
