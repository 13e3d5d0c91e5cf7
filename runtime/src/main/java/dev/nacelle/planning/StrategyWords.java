package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import java.util.ArrayList;
import java.util.List;

/** A strategy as a person says it. */
public final class StrategyWords {
  private StrategyWords() {}

  /** Half a sentence: {@code recomputing 12 blocks, 1 sample a pass}, say. */
  public static String of(Strategy strategy) {
    List<String> parts = new ArrayList<>();
    int blocks = strategy.recomputedBlocks();
    switch (blocks == 0 ? Strategy.Recompute.NOTHING : strategy.recompute()) {
      case NOTHING -> {}
      case MLP -> parts.add("recomputing the MLP of " + count(blocks, "block"));
      case BLOCK ->
          parts.add(
              "recomputing "
                  + count(blocks, "block")
                  + (strategy.segmentBlocks() > 1
                      ? " in segments of " + strategy.segmentBlocks()
                      : ""));
    }
    if (strategy.microBatch() != Integer.MAX_VALUE) {
      parts.add(count(strategy.microBatch(), "sample") + " a pass");
    }
    if (strategy.headRows() > 0) {
      parts.add("logits of " + strategy.headRows() + " tokens at a time");
    }
    if (strategy.weights() == Strategy.Weights.STREAMED) {
      parts.add("weights streamed from their file");
    }
    switch (strategy.spill()) {
      case NOTHING -> {}
      case ACTIVATIONS -> parts.add("activations spilled to storage");
      case ACTIVATIONS_AND_MOMENTS -> parts.add("activations and moments spilled to storage");
    }
    if (strategy.savedBits() < 32) {
      parts.add("activations in " + strategy.savedBits() + " bits");
    }
    if (strategy.momentBits() < 32) {
      parts.add("moments in " + strategy.momentBits() + " bits");
    }
    if (strategy.updateInBackward()) {
      parts.add("parameters updated in backward");
    }
    return parts.isEmpty() ? "keeping everything" : String.join(", ", parts);
  }

  private static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }
}
