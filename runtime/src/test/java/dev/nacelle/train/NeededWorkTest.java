package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** A window keeps pairs of tokens from meeting, and their work is not needed. */
final class NeededWorkTest {
  @Test
  void aWindowLeavesOutWhatItDoesNotSee() {
    for (int length : new int[] {1, 5, 16, 33}) {
      for (int window : new int[] {0, 1, 4, 16, 40}) {
        // Each pair counts twice; of those on the diagonal, half.
        double pairs = 0;
        for (int t = 0; t < length; t++) {
          int seen = window == 0 ? t + 1 : Math.min(window, t + 1);
          pairs += 2 * seen - 1;
        }
        double seen = window == 0 ? length : Math.min(window, length);
        double diagonals = window == 0 || window >= length ? 0 : seen - length;
        assertEquals(
            pairs - diagonals, NeededWork.square(length, window), 1e-9, length + " " + window);
      }
    }
    assertEquals(
        100 + 4 * 16, new StepSizes.Work(10, 10, List.of(10)).squares(0) + squares(4), 1e-9);
  }

  private static double squares(int window) {
    return new StepSizes.Work(10, 10, List.of(10)).squares(window);
  }
}
