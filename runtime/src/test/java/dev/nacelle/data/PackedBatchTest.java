package dev.nacelle.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class PackedBatchTest {
  private static Sample sample(int[] ids, int... trained) {
    BitSet bits = new BitSet();
    for (int t : trained) {
      bits.set(t);
    }
    return new Sample(ids, bits, false, -1);
  }

  private static final List<Sample> TWO =
      List.of(sample(new int[] {5, 6, 7}, 2), sample(new int[] {8, 9}, 1));

  @Test
  void samplesLieEndToEnd() {
    PackedBatch batch = PackedBatch.of(TWO);
    assertArrayEquals(new int[] {5, 6, 7, 8, 9}, batch.ids());
    assertArrayEquals(new int[] {0, 1, 2, 0, 1}, batch.positions());
    assertArrayEquals(new int[] {0, 3, 5}, batch.starts());
    assertArrayEquals(new int[] {-100, 7, -100, 9, -100}, batch.targets());
    assertEquals(5, batch.tokens());
    assertEquals(2, batch.targetTokens());
    assertEquals(0, batch.paddingTokens());
    assertEquals(2, batch.samples());
  }

  @Test
  void paddingBelongsToItsSampleAndHasNoTarget() {
    PackedBatch batch = PackedBatch.padded(TWO, 1);
    assertArrayEquals(new int[] {5, 6, 7, 8, 9, 1}, batch.ids());
    assertArrayEquals(new int[] {0, 1, 2, 0, 1, 2}, batch.positions());
    assertArrayEquals(new int[] {0, 3, 6}, batch.starts());
    assertArrayEquals(new int[] {-100, 7, -100, 9, -100, -100}, batch.targets());
    assertEquals(5, batch.tokens());
    assertEquals(2, batch.targetTokens());
    assertEquals(1, batch.paddingTokens());
    assertEquals(6, batch.length());
  }

  @Test
  void aSampleOfOneTokenHasNoTarget() {
    PackedBatch batch = PackedBatch.of(List.of(sample(new int[] {4})));
    assertArrayEquals(new int[] {-100}, batch.targets());
  }

  @Test
  void impossibleSamplesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> PackedBatch.of(List.of()));
    assertThrows(IllegalArgumentException.class, () -> sample(new int[0]));
    assertThrows(IllegalArgumentException.class, () -> sample(new int[] {1, 2}, 0));
    assertThrows(IllegalArgumentException.class, () -> sample(new int[] {1, 2}, 2));
  }
}
