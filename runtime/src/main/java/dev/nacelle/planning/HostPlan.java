package dev.nacelle.planning;

import dev.nacelle.memory.Budget;
import java.util.function.Consumer;

/**
 * Plans a run inside another program. What is bounded there are the run's tensors, its kernels'
 * scratch and the mapped weights that are in memory: the program's own heap and libraries are none
 * of ours to count, to shrink or to foresee.
 */
public final class HostPlan {
  /**
   * What a processor of a few cores does. They only order strategies, all of which compute the
   * same: nothing is measured in somebody else's process.
   */
  private static final Rates USUAL = Rates.derived(1e11, 1e10, 2e8);

  private HostPlan() {}

  /**
   * A planner that refuses what does not fit.
   *
   * @param bytes that the run may hold
   * @param notes hears what was chosen, and when that changes
   */
  public static Planner within(long bytes, Consumer<String> notes) {
    Budget.Look look = new Budget.Look(bytes, "the budget of " + Budget.size(bytes));
    return new Planner(
        () -> MachineCosts.free(USUAL),
        () -> look,
        true,
        plan -> {
          if (plan.fits()) {
            notes.accept(
                "planned within %s: %s, %s at most"
                    .formatted(
                        look.reason(),
                        StrategyWords.of(plan.chosen().strategy()),
                        Budget.size(plan.peakBytes())));
          }
        },
        notes);
  }
}
