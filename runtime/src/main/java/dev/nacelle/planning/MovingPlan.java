package dev.nacelle.planning;

import dev.nacelle.NacelleException;
import dev.nacelle.memory.Budget;
import dev.nacelle.memory.Strategy;
import dev.nacelle.train.RunPlan;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A run's plan while it runs: it follows what there is. */
final class MovingPlan implements RunPlan {
  /** Less than this much more is not worth another strategy: readings waver. */
  private static final double NOTABLE = 1.05;

  /** A strategy tried after a refusal needs at most this share of what the last one needed. */
  private static final double LEANER = 0.95;

  private final StrategySearch search;
  private final Supplier<Budget.Look> bound;
  private final Consumer<String> notes;
  private final boolean ownsProcess;
  private Choice chosen;
  private Budget.Look seen;
  private long decidedAt;

  MovingPlan(
      StrategySearch search,
      Choice chosen,
      Budget.Look seen,
      Supplier<Budget.Look> bound,
      Consumer<String> notes,
      boolean ownsProcess) {
    this.search = search;
    this.chosen = chosen;
    this.seen = seen;
    this.decidedAt = seen.bytes();
    this.bound = bound;
    this.notes = notes;
    this.ownsProcess = ownsProcess;
  }

  @Override
  public Strategy strategy() {
    return chosen.strategy();
  }

  @Override
  public long arenaBytes() {
    return Math.max(0, seen.bytes() - (chosen.peakBytes() - chosen.arenaBytes()));
  }

  @Override
  public boolean ownsProcess() {
    return ownsProcess;
  }

  @Override
  public boolean look() {
    seen = bound.get();
    boolean shrunk = seen.bytes() < chosen.peakBytes();
    boolean grown =
        seen.bytes() > decidedAt * NOTABLE && !chosen.strategy().equals(Strategy.FASTEST);
    if (!shrunk && !grown) {
      return false;
    }
    List<Choice> fitting = search.fitting(seen.bytes());
    if (fitting.isEmpty()) {
      throw new NacelleException(
          NacelleException.Kind.BUDGET,
          "only %d MiB are left (%s), and the run needs at least %d MiB"
              .formatted(
                  seen.bytes() >> 20,
                  seen.reason(),
                  Math.ceilDiv(search.least().peakBytes(), 1L << 20)),
          "free memory and go on with --resume");
    }
    decidedAt = seen.bytes();
    return change(
        fitting.getFirst(),
        "%d MiB may be held now (%s)".formatted(seen.bytes() >> 20, seen.reason()));
  }

  @Override
  public boolean leaner(NacelleException refused) {
    decidedAt = Math.max(decidedAt, seen.bytes());
    List<Choice> fitting = search.fitting((long) (chosen.peakBytes() * LEANER));
    Choice next = fitting.isEmpty() ? search.least() : fitting.getFirst();
    return next.peakBytes() < chosen.peakBytes() && change(next, "an allocation was refused");
  }

  private boolean change(Choice next, String why) {
    if (next.strategy().equals(chosen.strategy())) {
      return false;
    }
    chosen = next;
    notes.accept(why + ": " + StrategyWords.of(next.strategy()));
    return true;
  }
}
