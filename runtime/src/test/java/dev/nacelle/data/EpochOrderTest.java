package dev.nacelle.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class EpochOrderTest {
  private static long[] all(EpochOrder order) {
    return LongStream.range(0, order.size()).map(order::at).toArray();
  }

  @Test
  void everyNumberComesOnce() {
    int sizes = 0;
    for (int n : new int[] {0, 1, 2, 3, 5, 16, 17, 255, 256, 257, 1000, 4097, 100_003}) {
      BitSet seen = new BitSet();
      for (long x : all(EpochOrder.shuffled(n, 7, 3))) {
        assertTrue(x >= 0 && x < n);
        seen.set((int) x);
      }
      assertEquals(n, seen.cardinality());
      sizes++;
    }
    assertEquals(13, sizes);
  }

  @Test
  void seedAndEpochAndNothingElseDecide() {
    long[] first = all(EpochOrder.shuffled(1000, 7, 3));
    assertTrue(Arrays.equals(first, all(EpochOrder.shuffled(1000, 7, 3))));
    assertNotEquals(Arrays.toString(first), Arrays.toString(all(EpochOrder.shuffled(1000, 7, 4))));
    assertNotEquals(Arrays.toString(first), Arrays.toString(all(EpochOrder.shuffled(1000, 8, 3))));
  }

  @Test
  void smallOrdersAreNearlyUniform() {
    // 120 permutations of five, 24,000 draws: 200 each, standard deviation 14.
    Map<String, Integer> counts = new HashMap<>();
    for (int epoch = 0; epoch < 24_000; epoch++) {
      counts.merge(Arrays.toString(all(EpochOrder.shuffled(5, 1, epoch))), 1, Integer::sum);
    }
    assertEquals(120, counts.size());
    double chi = counts.values().stream().mapToDouble(c -> (c - 200.0) * (c - 200.0) / 200).sum();
    // 119 degrees of freedom: mean 119, standard deviation 15.4.
    assertTrue(chi < 119 + 5 * 15.4, "chi square " + chi);
  }

  @Test
  void neighboursAreTornApart() {
    EpochOrder order = EpochOrder.shuffled(100_000, 0, 0);
    int near = 0;
    for (int i = 1; i < 100_000; i++) {
      near += Math.abs(order.at(i) - order.at(i - 1)) < 1000 ? 1 : 0;
    }
    // Two of a hundred by chance.
    assertTrue(near > 1700 && near < 2300, near + " near pairs");
  }

  @Test
  void hugeOrdersCostNothing() {
    EpochOrder order = EpochOrder.shuffled(3_000_000_000L, 5, 1);
    for (long i = 0; i < 1000; i++) {
      long x = order.at(i * 2_999_999);
      assertTrue(x >= 0 && x < 3_000_000_000L);
    }
    assertThrows(IndexOutOfBoundsException.class, () -> order.at(3_000_000_000L));
  }

  @Test
  void fileOrderIsTheIdentity() {
    assertEquals("[0, 1, 2, 3]", Arrays.toString(all(EpochOrder.file(4))));
  }
}
