package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import java.util.Comparator;

/**
 * A strategy with what it takes.
 *
 * @param peakBytes of the whole process
 * @param arenaBytes of those, pages that tensors lie on
 * @param stepSeconds of a step of middling size
 */
public record Choice(Strategy strategy, long peakBytes, long arenaBytes, double stepSeconds) {
  /**
   * The better first: storage wears no more than something else makes it, then the faster, then the
   * smaller.
   */
  static final Comparator<Choice> BY_WORTH =
      Comparator.<Choice, Strategy.Spill>comparing(c -> c.strategy().spill())
          .thenComparingDouble(Choice::stepSeconds)
          .thenComparingLong(Choice::peakBytes);

  static final Comparator<Choice> BY_BYTES =
      Comparator.comparingLong(Choice::peakBytes).thenComparingDouble(Choice::stepSeconds);
}
