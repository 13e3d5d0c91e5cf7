package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import dev.nacelle.model.LayerKind;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.model.ModelTensors;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.StepSizes;
import java.util.ArrayList;
import java.util.List;

/**
 * Seconds of a step: the products at their own rates, attention, the bytes that everything between
 * them moves, what a whole step takes beside its parts, and what a strategy computes or moves
 * besides.
 */
final class StepTime {
  /** AdamW and clipping read and write a parameter, its gradient and both moments. */
  private static final double UPDATE_PASSES = 9;

  /** Chunks of logits instead of one stretch. */
  private static final double CHUNKS = 0.02;

  /** Rounding to few bits and back, of a step's work. */
  private static final double CODES = 0.05;

  /** A matrix of a block: its form and size, and whether it belongs to gate or up. */
  private record Product(String form, long rows, long columns, boolean isInner) {}

  private final Rates rates;
  private final ModelConfig config;
  private final List<Product> block = new ArrayList<>();
  private final Product head;
  private final WorkTally.PerToken work;
  private final long adapterBytes;

  /**
   * @param work between the products with whole matrices
   * @param adapterBytes of the adapters' parameters in fp32
   */
  StepTime(Rates rates, BaseModel base, WorkTally.PerToken work, long adapterBytes) {
    this.rates = rates;
    this.config = base.config();
    this.work = work;
    this.adapterBytes = adapterBytes;
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
      Strategy strategy, StepSizes.Work sizes, int samples, long fileBytes, long spilled) {
    double tokens = sizes.tokens();
    double passes = Math.ceil(samples / (double) Math.min(strategy.microBatch(), samples));
    double forward = 0;
    double inner = 0;
    double backward = 0;
    for (Product product : block) {
      double there = seconds(product, true, tokens, passes);
      forward += there;
      inner += product.isInner ? there : 0;
      backward += seconds(product, false, tokens, passes);
    }
    Speed speed = rates.speed();
    double layers = config.layers();
    double attention = attention(sizes);
    double between = tokens * work.forwardBytes() / speed.bytes().between();
    double thin = speed.lowRank().seconds(tokens * work.thinBytes(), tokens * work.thinFlops());
    double seconds = layers * (forward + backward) + attention + between + thin;
    seconds += tokens * work.backwardBytes() / speed.bytes().betweenBackward();
    double targets = sizes.targets();
    seconds += seconds(head, true, targets, passes) + seconds(head, false, targets, passes);
    seconds += targets * config.vocabularySize() * speed.logit();
    seconds += UPDATE_PASSES * adapterBytes / speed.bytes().copy();
    double share = Math.min(strategy.recomputedBlocks(), layers) / layers;
    // Of an adapter's products two of seven are forward's.
    double again = layers * forward + (attention + thin) * 2 / 7 + between;
    seconds +=
        switch (strategy.recompute()) {
          case NOTHING -> 0;
          case MLP -> share * layers * inner;
          case BLOCK -> share * (strategy.segmentBlocks() > 1 ? 2 : 1) * again;
        };
    return moved(strategy, speed.whole() * seconds, passes, fileBytes, spilled);
  }

  /** Seconds of attention in all blocks, each with the window that it has. */
  private double attention(StepSizes.Work sizes) {
    double squares = 0;
    for (LayerKind kind : config.traits().layers()) {
      squares += sizes.squares(kind.window());
    }
    double width = (double) config.heads() * config.headDim();
    double tokens = (double) sizes.tokens() * config.layers();
    return rates.speed().attention().seconds(width, tokens, squares);
  }

  private double moved(
      Strategy strategy, double computed, double passes, long fileBytes, long spilled) {
    double factor = 1;
    factor += strategy.headRows() > 0 ? CHUNKS : 0;
    factor += strategy.savedBits() < 32 ? CODES : 0;
    factor += strategy.momentBits() < 32 ? CODES / 5 : 0;
    double seconds = computed * factor;
    if (strategy.weights() == Strategy.Weights.STREAMED) {
      double readings = strategy.recompute() == Strategy.Recompute.NOTHING ? 2 : 3;
      seconds += passes * readings * fileBytes / rates.speed().bytes().paging();
    }
    return seconds + 2.0 * spilled / rates.storageBytesPerSecond();
  }

  private double seconds(Product product, boolean forward, double tokens, double passes) {
    return rates
        .speed()
        .product(product.form, forward, product.rows, product.columns, tokens, passes);
  }
}
