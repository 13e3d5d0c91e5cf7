package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The fastest strategy under a budget. For each way to recompute, each size of pass and of head
 * chunk, memory falls and time rises with the number of recomputed blocks: the fewest that fit are
 * the fastest of that row, found by halving. So a few dozen walks look at every strategy.
 */
final class StrategySearch {
  private final int layers;
  private final int samples;
  private final Map<Strategy, MemoryPlan.Choice> walked = new HashMap<>();
  private final Function<Strategy, MemoryPlan.Choice> walk;

  /**
   * @param layers blocks of the model
   * @param samples of a micro-batch
   * @param walk says what a strategy takes
   */
  StrategySearch(int layers, int samples, Function<Strategy, MemoryPlan.Choice> walk) {
    this.layers = layers;
    this.samples = samples;
    this.walk = walk;
  }

  MemoryPlan.Choice at(Strategy strategy) {
    MemoryPlan.Choice known = walked.get(strategy);
    if (known == null) {
      known = walk.apply(strategy);
      walked.put(strategy, known);
    }
    return known;
  }

  /** Those that fit, the fastest of each row, by time; empty where none does. */
  List<MemoryPlan.Choice> fitting(long budget) {
    MemoryPlan.Choice free = at(Strategy.FASTEST);
    if (free.peakBytes() <= budget) {
      return List.of(free);
    }
    List<MemoryPlan.Choice> fitting = new ArrayList<>();
    for (int head : headRows()) {
      for (int pass : passes()) {
        for (Row row : rows()) {
          Strategy most = row.of(layers, pass, head);
          if (at(most).peakBytes() <= budget) {
            fitting.add(fewest(row, pass, head, budget));
          }
        }
      }
    }
    fitting.sort(
        Comparator.comparingDouble(MemoryPlan.Choice::stepSeconds)
            .thenComparingLong(MemoryPlan.Choice::peakBytes));
    return fitting;
  }

  /** The strategy that takes the least. */
  MemoryPlan.Choice least() {
    MemoryPlan.Choice least = at(Strategy.FASTEST);
    for (int head : headRows()) {
      for (Row row : rows()) {
        MemoryPlan.Choice choice = at(row.of(layers, 1, head));
        least = choice.peakBytes() < least.peakBytes() ? choice : least;
      }
    }
    return least;
  }

  private MemoryPlan.Choice fewest(Row row, int pass, int head, long budget) {
    int low = 0;
    int high = layers;
    while (low < high) {
      int middle = (low + high) / 2;
      if (at(row.of(middle, pass, head)).peakBytes() <= budget) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return at(row.of(high, pass, head));
  }

  /** Strategies that differ in the number of recomputed blocks alone. */
  private record Row(Strategy.Recompute recompute, int segment) {
    Strategy of(int blocks, int pass, int head) {
      Strategy base = Strategy.FASTEST.withMicroBatch(pass).withHeadRows(head);
      if (blocks == 0) {
        return base;
      }
      return segment > 1
          ? base.withSegments(blocks, segment)
          : base.withRecompute(recompute, blocks);
    }
  }

  private List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    rows.add(new Row(Strategy.Recompute.MLP, 1));
    rows.add(new Row(Strategy.Recompute.BLOCK, 1));
    int root = (int) Math.round(Math.sqrt(layers));
    if (root > 1) {
      rows.add(new Row(Strategy.Recompute.BLOCK, root));
    }
    return rows;
  }

  /** Whole micro-batches, then halves of them. */
  private Set<Integer> passes() {
    Set<Integer> passes = new LinkedHashSet<>();
    passes.add(Integer.MAX_VALUE);
    for (int n = (samples + 1) / 2; samples > 1; n = (n + 1) / 2) {
      passes.add(n);
      if (n == 1) {
        break;
      }
    }
    return passes;
  }

  private static List<Integer> headRows() {
    return List.of(0, 64);
  }
}
