package dev.nacelle.cli;

import dev.nacelle.memory.Budget;
import dev.nacelle.planning.Choice;
import dev.nacelle.planning.MemoryPlan;
import dev.nacelle.planning.StrategyWords;
import dev.nacelle.report.Sizes;
import java.io.PrintStream;
import java.util.Locale;

/** A plan for a person. */
final class PlanText {
  private PlanText() {}

  static void print(PrintStream out, MemoryPlan plan, Budget.Look bound) {
    out.printf(
        Locale.ROOT,
        "%s: peak %s of %s (%s), minimum %s%n",
        plan.fits() ? "fits" : "does not fit",
        Sizes.bytes(plan.peakBytes()),
        Sizes.bytes(bound.bytes()),
        bound.reason(),
        Sizes.bytes(plan.minimumBytes()));
    out.printf(
        Locale.ROOT,
        "a step: %.3g s, %,.0f tokens/s (%s)%n",
        plan.chosen().stepSeconds(),
        plan.tokensPerSecond(),
        plan.confidence());
    out.println("how: " + StrategyWords.of(plan.chosen().strategy()));
    for (Choice other : plan.others()) {
      out.printf(
          Locale.ROOT,
          "  or: %s: %s, %.3g s a step%n",
          StrategyWords.of(other.strategy()),
          Sizes.bytes(other.peakBytes()),
          other.stepSeconds());
    }
    out.println();
    plan.classes().forEach((name, bytes) -> out.printf("%-14s %12s%n", name, Sizes.bytes(bytes)));
    out.println();
    for (MemoryPlan.Phase phase : plan.timeline()) {
      out.printf("%-14s %12s%n", phase.phase(), Sizes.bytes(phase.peakBytes()));
    }
    out.printf(
        Locale.ROOT,
        "%nplanned in %.2f s, by %d walks through %d blocks%n",
        plan.effort().seconds(),
        plan.effort().walks(),
        plan.effort().blocks());
  }
}
