package dev.nacelle.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.memory.Strategy.Recompute;
import org.junit.jupiter.api.Test;

final class StrategyTest {
  @Test
  void onlyTheFirstBlocksAreRecomputed() {
    Strategy s = Strategy.FASTEST.withRecompute(Recompute.MLP, 2);
    assertEquals(Recompute.MLP, s.recomputeOf(1));
    assertEquals(Recompute.NOTHING, s.recomputeOf(2));
    assertEquals(Recompute.NOTHING, Strategy.FASTEST.recomputeOf(0));
  }

  @Test
  void fewerBitsAreApproximate() {
    assertTrue(Strategy.FASTEST.withSegments(4, 2).withMicroBatch(1).isExact());
    assertFalse(Strategy.FASTEST.withBits(8, 32).isExact());
    assertFalse(Strategy.FASTEST.withBits(32, 8).isExact());
  }

  @Test
  void numbersThatMeanNothingAreRefused() {
    Strategy s = Strategy.FASTEST;
    assertThrows(IllegalArgumentException.class, () -> s.withMicroBatch(0));
    assertThrows(IllegalArgumentException.class, () -> s.withSegments(2, 0));
    assertThrows(IllegalArgumentException.class, () -> s.withHeadRows(-1));
    assertThrows(IllegalArgumentException.class, () -> s.withBits(16, 32));
    assertThrows(IllegalArgumentException.class, () -> s.withBits(32, 4));
  }
}
