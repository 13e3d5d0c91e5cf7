package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.train.NeededWork;
import dev.nacelle.train.StepSizes;

/**
 * Seconds of a step: needed work, what a strategy computes again, and bytes that it moves besides.
 *
 * @param quantized whether the frozen matrices are quantised blocks
 */
record StepTime(Rates rates, ModelConfig config, NeededWork needed, boolean quantized) {
  /** Each further pass reads and packs the weights anew, and its products are thinner. */
  private static final double PASS = 0.03;

  /** Chunks of logits instead of one stretch. */
  private static final double CHUNKS = 0.02;

  /** Rounding to few bits and back, of a step's work. */
  private static final double CODES = 0.05;

  double seconds(Strategy strategy, StepSizes.Work work, int samples, long fileBytes, long saved) {
    double rate = quantized ? rates.quantizedFlopsPerSecond() : rates.flopsPerSecond();
    double seconds = (needed.flops(work) + repeated(strategy, work)) / rate;
    double passes = Math.ceil(samples / (double) Math.min(strategy.microBatch(), samples));
    double factor = 1 + PASS * (passes - 1) / passes;
    factor += strategy.headRows() > 0 ? CHUNKS : 0;
    factor += strategy.savedBits() < 32 ? CODES : 0;
    factor += strategy.momentBits() < 32 ? CODES / 5 : 0;
    seconds *= factor;
    if (strategy.weights() == Strategy.Weights.STREAMED) {
      double readings = strategy.recompute() == Strategy.Recompute.NOTHING ? 2 : 3;
      seconds += passes * readings * fileBytes / rates.fileBytesPerSecond();
    }
    if (strategy.spill() != Strategy.Spill.NOTHING) {
      seconds += 2.0 * saved / rates.storageBytesPerSecond();
    }
    return seconds;
  }

  /** Operations of what forward does again in backward. */
  private double repeated(Strategy strategy, StepSizes.Work work) {
    double blocks = Math.min(strategy.recomputedBlocks(), config.layers());
    double inner = 2.0 * config.hiddenSize() * config.intermediateSize();
    double width = (double) config.heads() * config.headDim();
    double keys = (double) config.kvHeads() * config.headDim();
    double all = 1.5 * inner + 2.0 * config.hiddenSize() * (width + keys);
    return switch (strategy.recompute()) {
      case NOTHING -> 0;
      case MLP -> blocks * 2 * inner * work.tokens();
      case BLOCK ->
          blocks
              * (strategy.segmentBlocks() > 1 ? 2 : 1)
              * (2 * all * work.tokens() + 2 * width * work.squares());
    };
  }
}
