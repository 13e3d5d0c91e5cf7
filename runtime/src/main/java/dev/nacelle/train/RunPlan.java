package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.memory.Strategy;

/** How a run holds its memory, asked again while it runs: what there is may shrink and grow. */
public interface RunPlan {
  /** The fastest strategy, whatever it takes. */
  RunPlan UNBOUNDED = always(Strategy.FASTEST);

  /** One strategy, whatever it takes. */
  static RunPlan always(Strategy strategy) {
    return new FixedPlan(strategy);
  }

  /** The strategy that holds now. */
  Strategy strategy();

  /** Bytes of pages that tensors may lie on now. */
  long arenaBytes();

  /** Whether the process is the run's own, whose heap may be collected to stay small. */
  default boolean ownsProcess() {
    return arenaBytes() < Long.MAX_VALUE;
  }

  /**
   * Looks at what there is, between two steps.
   *
   * @return whether the strategy is another one now; the bound may be in any case
   * @throws NacelleException of kind BUDGET where nothing fits any more
   */
  boolean look();

  /**
   * Takes a strategy that needs less after an allocation was refused.
   *
   * @return false where there is none
   */
  boolean leaner(NacelleException refused);
}
