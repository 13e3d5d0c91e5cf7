package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.memory.Strategy;

/** A plan that nothing changes. */
record FixedPlan(Strategy strategy) implements RunPlan {
  @Override
  public long arenaBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public boolean look() {
    return false;
  }

  @Override
  public boolean leaner(NacelleException refused) {
    return false;
  }
}
