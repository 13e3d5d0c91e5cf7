package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import dev.nacelle.train.StepSizes;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Every strategy that a plan may choose.
 *
 * @param layers blocks of the model
 * @param samples of a micro-batch
 * @param mapsWeights whether weights lie in a mapped file, whose pages can be let go
 * @param approximate whether activations and moments may be rounded to fewer bits, each or both
 * @param updatesInBackward whether parameters may be updated in backward: one pass a step, no
 *     clipping
 * @param maySpill whether there is a folder to spill into
 */
record SearchSpace(
    int layers,
    int samples,
    boolean mapsWeights,
    boolean approximate,
    boolean updatesInBackward,
    boolean maySpill) {
  /** Tokens whose logits are alive at once, where they are fewer than the kernel would take. */
  private static final int FEW_ROWS = 64;

  private static final List<Integer> FEW = List.of(FEW_ROWS);

  /** Up to so many blocks it has to be seen what saves more. */
  private static final int FEW_BLOCKS = 7;

  /** Strategies that differ in the number of recomputed blocks alone. */
  record Row(Strategy base, Strategy.Recompute recompute, int segment) {
    Strategy of(int blocks) {
      if (blocks == 0) {
        return base;
      }
      return segment > 1
          ? base.withSegments(blocks, segment)
          : base.withRecompute(recompute, blocks);
    }

    /** The same without segments. */
    Strategy ofSingleBlocks(int blocks) {
      return blocks == 0 ? base : base.withRecompute(recompute, blocks);
    }
  }

  /** The same strategy with another number of recomputed blocks. */
  static Strategy recomputing(Strategy strategy, int blocks) {
    Strategy.Recompute what = blocks == 0 ? Strategy.Recompute.NOTHING : strategy.recompute();
    return strategy.segmentBlocks() > 1 && blocks > 0
        ? strategy.withSegments(blocks, strategy.segmentBlocks())
        : strategy.withRecompute(what, blocks);
  }

  /** Without spilling, then with ever more of it. */
  List<Strategy.Spill> spills() {
    return maySpill ? List.of(Strategy.Spill.values()) : List.of(Strategy.Spill.NOTHING);
  }

  /**
   * Of these one holds the least: with more than a few blocks what more of it leaves behind is less
   * than what it takes to move it.
   */
  List<Strategy.Spill> sparest() {
    return layers > FEW_BLOCKS ? List.of(spills().getLast()) : spills();
  }

  /** All rows that spill so much. */
  List<Row> rows(Strategy.Spill spill) {
    return rows(spill, StepSizes.passes(samples), bits(), updates(), List.of(0, FEW_ROWS));
  }

  /**
   * Strategies of which one takes the least: a sample a pass or one gradient at a time, few logits.
   * Beyond a few blocks, recomputing whole ones saves more than recomputing parts of them, and than
   * keeping them in full; what is spilled need not be recomputed.
   */
  List<Strategy> leanest(Strategy.Spill spill) {
    List<Integer> passes = StepSizes.passes(samples);
    List<Row> rows = rows(spill, List.of(passes.getLast()), bits(), List.of(false), FEW);
    if (updatesInBackward) {
      rows.addAll(rows(spill, List.of(passes.getFirst()), bits(), List.of(true), FEW));
    }
    Set<Strategy> leanest = new LinkedHashSet<>();
    for (Row row : rows) {
      boolean isOpen = layers <= FEW_BLOCKS || row.base.savedBits() < Float.SIZE;
      if (isOpen || row.recompute == Strategy.Recompute.BLOCK) {
        leanest.add(row.of(layers));
      }
      if (isOpen || spill != Strategy.Spill.NOTHING) {
        leanest.add(row.of(0));
      }
    }
    return List.copyOf(leanest);
  }

  private List<Row> rows(
      Strategy.Spill spill,
      List<Integer> passes,
      List<int[]> bits,
      List<Boolean> updates,
      List<Integer> heads) {
    List<Row> rows = new ArrayList<>();
    for (Strategy.Weights weights : places()) {
      for (boolean update : updates) {
        for (int[] pair : bits) {
          for (int pass : passes) {
            for (int head : heads) {
              Strategy base =
                  Strategy.FASTEST
                      .withPlaces(weights, spill)
                      .withUpdateInBackward(update && pass >= samples)
                      .withBits(pair[0], pair[1])
                      .withMicroBatch(pass)
                      .withHeadRows(head);
              addRecomputing(rows, base);
            }
          }
        }
      }
    }
    return rows;
  }

  private void addRecomputing(List<Row> rows, Strategy base) {
    rows.add(new Row(base, Strategy.Recompute.MLP, 1));
    rows.add(new Row(base, Strategy.Recompute.BLOCK, 1));
    int root = (int) Math.round(Math.sqrt(layers));
    if (root > 1) {
      rows.add(new Row(base, Strategy.Recompute.BLOCK, root));
    }
  }

  private List<Strategy.Weights> places() {
    return mapsWeights
        ? List.of(Strategy.Weights.RESIDENT, Strategy.Weights.STREAMED)
        : List.of(Strategy.Weights.RESIDENT);
  }

  /** Bits of activations and of moments. */
  private List<int[]> bits() {
    return approximate
        ? List.of(
            new int[] {32, 32},
            new int[] {32, 8},
            new int[] {8, 32},
            new int[] {8, 8},
            new int[] {4, 32},
            new int[] {4, 8},
            new int[] {2, 32},
            new int[] {2, 8})
        : List.of(new int[] {32, 32});
  }

  private List<Boolean> updates() {
    return updatesInBackward ? List.of(false, true) : List.of(false);
  }
}
