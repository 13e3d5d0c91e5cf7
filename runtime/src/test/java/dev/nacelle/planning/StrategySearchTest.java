package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.memory.Strategy;
import dev.nacelle.train.StepSizes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The search finds what looking at every strategy finds, over made-up costs of many kinds. */
final class StrategySearchTest {
  private static final long MIB = 1 << 20;

  /** Models of so few blocks are no shorter than those that a guess walks. */
  private static final int EXACT = 7;

  @Test
  void noStrategyThatFitsIsFaster() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int cases = 0;
    int tight = 0;
    for (int job = 0; job < 60; job++) {
      SearchSpace space =
          new SearchSpace(
              1 + random.nextInt(24),
              1 + random.nextInt(8),
              random.nextBoolean(),
              random.nextInt(4) == 0,
              random.nextInt(4) == 0,
              random.nextBoolean());
      Costs costs = new Costs(random, space.layers());
      List<Choice> all = everything(space, costs);
      long least = all.stream().mapToLong(Choice::peakBytes).min().orElseThrow();
      long most = costs.price(Strategy.FASTEST).peakBytes();
      StrategySearch search =
          new StrategySearch(
              space,
              costs::price,
              costs::guess,
              costs.slack(),
              strategy -> costs.price(strategy).stepSeconds());
      String what = "seed " + seed + " job " + job + " " + space;
      assertEquals(least, search.least().peakBytes(), what);
      for (int b = 0; b < 12; b++) {
        long bound = least + (long) ((most - least) * (b - 1) / 10.0);
        Choice best =
            all.stream()
                .filter(choice -> choice.peakBytes() <= bound)
                .min(Choice.BY_WORTH)
                .orElse(null);
        List<Choice> found = search.fitting(bound);
        assertEquals(best == null, found.isEmpty(), what + " bound " + bound);
        if (best != null) {
          tight += best.strategy().equals(Strategy.FASTEST) ? 0 : 1;
          Choice first = found.getFirst();
          assertTrue(first.peakBytes() <= bound, what);
          assertEquals(
              best.stepSeconds(),
              first.stepSeconds(),
              1e-9,
              () -> what + " bound " + bound + " best " + best + " found " + first);
        }
        cases++;
      }
    }
    assertEquals(720, cases);
    assertTrue(tight > 200, tight + " cases needed a choice");
  }

  /** Whatever a strategy can be, by its own words and not by the space's. */
  private static List<Choice> everything(SearchSpace space, Costs costs) {
    List<Choice> all = new ArrayList<>();
    for (Strategy.Spill spill : Strategy.Spill.values()) {
      if (spill != Strategy.Spill.NOTHING && !space.maySpill()) {
        continue;
      }
      for (int saved : space.approximate() ? new int[] {32, 8, 4, 2} : new int[] {32}) {
        for (int moments : space.approximate() ? new int[] {32, 8} : new int[] {32}) {
          for (Strategy.Weights weights : Strategy.Weights.values()) {
            if (weights == Strategy.Weights.RESIDENT || space.mapsWeights()) {
              Strategy base = Strategy.FASTEST.withPlaces(weights, spill).withBits(saved, moments);
              addPasses(space, base, costs, all);
            }
          }
        }
      }
    }
    return all;
  }

  private static void addPasses(SearchSpace space, Strategy base, Costs costs, List<Choice> all) {
    int root = (int) Math.round(Math.sqrt(space.layers()));
    for (int pass : StepSizes.passes(space.samples())) {
      boolean whole = pass >= space.samples() && space.updatesInBackward();
      for (boolean update : whole ? new boolean[] {false, true} : new boolean[] {false}) {
        for (int rows : new int[] {0, 64}) {
          Strategy s = base.withMicroBatch(pass).withHeadRows(rows).withUpdateInBackward(update);
          all.add(costs.price(s));
          for (int blocks = 1; blocks <= space.layers(); blocks++) {
            all.add(costs.price(s.withRecompute(Strategy.Recompute.MLP, blocks)));
            all.add(costs.price(s.withRecompute(Strategy.Recompute.BLOCK, blocks)));
            if (root > 1) {
              all.add(costs.price(s.withSegments(blocks, root)));
            }
          }
        }
      }
    }
  }

  /**
   * Memory and time as laws, with numbers drawn for each job; guesses are off by up to 1.5 %, or by
   * two blocks, whichever is more.
   */
  private static final class Costs {
    private final int layers;
    private final long process;
    private final long weights;
    private final long block;
    private final long input;
    private final long head;
    private final double flops;
    private final double again;
    private final long noise;
    private final Map<Strategy, Choice> known = new HashMap<>();
    private final Function<Strategy, Double> error;

    Costs(Random random, int layers) {
      this.layers = layers;
      process = 100 * MIB;
      weights = (10 + random.nextInt(900)) * MIB;
      block = (1 + random.nextInt(60)) * MIB;
      input = Math.max(1, block / (8 + random.nextInt(12)));
      head = random.nextInt(80) * MIB;
      flops = 0.5 + random.nextDouble() * 10;
      again = 0.2 + random.nextDouble() * 0.5;
      noise = random.nextLong();
      error = s -> 2 * new Random(noise ^ s.hashCode()).nextDouble() - 1;
    }

    Choice price(Strategy s) {
      return known.computeIfAbsent(s, this::compute);
    }

    /** Two kept blocks, as the arena's holes may come to. */
    long slack() {
      return 2 * block;
    }

    /** Blocks that are kept in memory as they are, and may leave holes. */
    private int kept(Strategy s) {
      boolean away = s.spill() != Strategy.Spill.NOTHING || s.savedBits() < 32;
      return away || s.recompute() == Strategy.Recompute.MLP
          ? 0
          : Math.max(0, layers - s.recomputedBlocks());
    }

    Choice guess(Strategy s) {
      Choice sure = price(s);
      if (layers <= EXACT) {
        return sure;
      }
      int kept = kept(s);
      double most = Math.max(0.015 * sure.peakBytes(), Math.min(2, kept) * (double) block);
      long off = sure.peakBytes() + (long) (most * error.apply(s));
      return new Choice(s, off, off, sure.stepSeconds());
    }

    private Choice compute(Strategy s) {
      int blocks = Math.min(layers, s.recomputedBlocks());
      double share = s.microBatch() == Integer.MAX_VALUE ? 1 : s.microBatch() / 8.0;
      double bits = s.savedBits() / 32.0;
      double kept = (layers - blocks) * block * bits;
      if (s.recompute() == Strategy.Recompute.MLP) {
        kept += blocks * block * 0.5 * bits;
      } else if (s.recompute() == Strategy.Recompute.BLOCK) {
        kept +=
            s.segmentBlocks() > 1
                ? (Math.ceilDiv(blocks, s.segmentBlocks()) + s.segmentBlocks()) * input
                : blocks * input;
        kept += block;
      }
      double time = flops * (1 + again * blocks / layers * (s.segmentBlocks() > 1 ? 2 : 1));
      if (s.recompute() == Strategy.Recompute.MLP) {
        time = flops * (1 + 0.6 * again * blocks / layers);
      }
      long moments = (s.momentBits() < 32 ? 10 : 40) * MIB;
      if (s.spill() == Strategy.Spill.ACTIVATIONS_AND_MOMENTS) {
        time += moments / (500.0 * MIB);
        moments /= 20;
      }
      if (s.spill() != Strategy.Spill.NOTHING) {
        time += kept * share / (500.0 * MIB);
        kept *= 0.1;
      }
      long held = s.weights() == Strategy.Weights.STREAMED ? weights / 10 : weights;
      time += s.weights() == Strategy.Weights.STREAMED ? weights / (4000.0 * MIB) : 0;
      double logits = s.headRows() > 0 ? head * 0.1 : head * share;
      time *= 1 + (1 - share) * 0.05 + (s.headRows() > 0 ? 0.02 : 0) + (bits < 1 ? 0.05 : 0);
      time *= s.momentBits() < 32 ? 1.01 : 1;
      long gradients = s.updateInBackward() ? 1 : 20 * MIB;
      long arena = (long) (kept * share + logits) + moments + gradients;
      return new Choice(s, process + held + arena, arena, time);
    }
  }
}
