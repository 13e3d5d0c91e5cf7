package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.model.ModelTensors;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.StepSizes;
import java.util.ArrayList;
import java.util.List;

/**
 * Seconds of a step: the products at their own rates, attention, the bytes that everything between
 * them moves, and what a strategy computes or moves besides.
 */
final class StepTime {
  /**
   * Bytes that norms, rotations, residuals and the gate move forward and backward, in elements of
   * the residual stream and of the feed-forward, and a plain sum for the adapters' halves.
   */
  private static final double STREAM_ELEMENTS = 30;

  private static final double INNER_ELEMENTS = 12;

  /** Each further pass reads and packs the weights anew. */
  private static final double PASS = 0.03;

  /** Chunks of logits instead of one stretch. */
  private static final double CHUNKS = 0.02;

  /** Rounding to few bits and back, of a step's work. */
  private static final double CODES = 0.05;

  /** Mapping a page anew costs about what copying it costs, and reading it the same again. */
  private static final double STREAMED = 2;

  /** A matrix of a block: its form and size, and whether it belongs to gate or up. */
  private record Product(String form, long rows, long columns, boolean isInner) {}

  private final Rates rates;
  private final ModelConfig config;
  private final List<Product> block = new ArrayList<>();
  private final Product head;
  private final double adapterFlops;

  /**
   * @param adapterFlops of the adapters, for each token
   */
  StepTime(Rates rates, BaseModel base, double adapterFlops) {
    this.rates = rates;
    this.config = base.config();
    this.adapterFlops = adapterFlops;
    long channels = config.hiddenSize();
    for (String module : config.family().layout().linearModules()) {
      long[] shape = ModelTensors.linearShape(config, module);
      boolean isInner = module.startsWith("mlp.") && !module.equals("mlp.down_proj");
      String name = ModelTensors.layer(0) + "." + module + ".weight";
      block.add(new Product(base.form(name), shape[0], shape[1], isInner));
    }
    String headName = config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight";
    this.head = new Product(base.form(headName), config.vocabularySize(), channels, false);
  }

  /**
   * Seconds of a step.
   *
   * @param samples of a micro-batch
   * @param fileBytes of mapped weights, all of them
   * @param spilled bytes that the step writes to storage
   */
  double seconds(
      Strategy strategy, StepSizes.Work work, int samples, long fileBytes, long spilled) {
    double tokens = work.tokens();
    double forward = 0;
    double inner = 0;
    double backward = 0;
    for (Product product : block) {
      double there = seconds(product, true, tokens);
      forward += there;
      inner += product.isInner ? there : 0;
      backward += seconds(product, false, tokens);
    }
    Speed speed = rates.speed();
    double width = (double) config.heads() * config.headDim();
    double attention = 7 * width * work.squares() / speed.attention();
    double elements =
        STREAM_ELEMENTS * config.hiddenSize() + INNER_ELEMENTS * config.intermediateSize();
    double between = elements * 4 * tokens / speed.copy();
    double layers = config.layers();
    double seconds = layers * (forward + backward + attention + between);
    double targets = work.targets();
    seconds += seconds(head, true, targets) + seconds(head, false, targets);
    Product typical = block.getFirst();
    seconds += adapterFlops * tokens / speed.product("fp32", true, typical.rows, typical.columns);
    double blocks = Math.min(strategy.recomputedBlocks(), layers);
    seconds +=
        switch (strategy.recompute()) {
          case NOTHING -> 0;
          case MLP -> blocks * inner;
          case BLOCK ->
              blocks
                  * (strategy.segmentBlocks() > 1 ? 2 : 1)
                  * (forward + attention * 2 / 7 + between / 3);
        };
    return moved(strategy, seconds, samples, fileBytes, spilled);
  }

  private double moved(
      Strategy strategy, double computed, int samples, long fileBytes, long spilled) {
    double passes = Math.ceil(samples / (double) Math.min(strategy.microBatch(), samples));
    double factor = 1 + PASS * (passes - 1) / passes;
    factor += strategy.headRows() > 0 ? CHUNKS : 0;
    factor += strategy.savedBits() < 32 ? CODES : 0;
    factor += strategy.momentBits() < 32 ? CODES / 5 : 0;
    double seconds = computed * factor;
    if (strategy.weights() == Strategy.Weights.STREAMED) {
      double readings = strategy.recompute() == Strategy.Recompute.NOTHING ? 2 : 3;
      seconds += passes * readings * STREAMED * fileBytes / rates.speed().copy();
    }
    return seconds + 2.0 * spilled / rates.storageBytesPerSecond();
  }

  private double seconds(Product product, boolean forward, double rows) {
    double flops = 2.0 * product.rows * product.columns * rows;
    return flops / rates.speed().product(product.form, forward, product.rows, product.columns);
  }
}
