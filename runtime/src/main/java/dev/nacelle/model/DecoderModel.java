package dev.nacelle.model;

import dev.nacelle.adapter.DoraPair;
import dev.nacelle.adapter.HydraHeads;
import dev.nacelle.adapter.LowRankPair;
import dev.nacelle.adapter.VeraVectors;
import dev.nacelle.adapter.WholeModule;
import dev.nacelle.file.TensorSource;
import dev.nacelle.file.WholeModules;
import dev.nacelle.function.CrossEntropy;
import dev.nacelle.function.PageTurn;
import dev.nacelle.function.RmsNorm;
import dev.nacelle.function.TokenTable;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.layer.DecoderBlock;
import dev.nacelle.layer.KeyValueCache;
import dev.nacelle.layer.Linear;
import dev.nacelle.layer.Masks;
import dev.nacelle.layer.Pass;
import dev.nacelle.layer.Rotary;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A decoder: token table, blocks, norm, head, put together as its family has them. Its weights are
 * frozen; adapters are set on its linear layers.
 */
public final class DecoderModel implements AutoCloseable {
  /** A page fault in a mapped file maps up to so many bytes around it. */
  private static final long READ_AROUND = 64 << 10;

  /** The head's path. */
  public static final String HEAD = WholeModules.HEAD;

  private final ModelConfig config;
  private final Engine engine;
  private final DType compute;
  private final Weights weights;
  private final Weight table;
  private final List<DecoderBlock> blocks = new ArrayList<>();
  private final RmsNorm norm;
  private final Linear head;
  private @Nullable Parameter trainedTable;
  private @Nullable Parameter trainedHead;

  private DecoderModel(ModelConfig config, Engine engine, DType compute, Weights weights) {
    this.config = config;
    this.engine = engine;
    this.compute = compute;
    this.weights = weights;
    long vocabulary = config.vocabularySize();
    long channels = config.hiddenSize();
    this.table = weights.matrix("model.embed_tokens.weight", vocabulary, channels);
    DecoderAssembly assembly = new DecoderAssembly(config, weights);
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(assembly.block(layer));
    }
    this.norm = assembly.finalNorm();
    Weight headWeight =
        config.tieWordEmbeddings() ? table : weights.matrix("lm_head.weight", vocabulary, channels);
    this.head = new Linear(HEAD, headWeight, null);
  }

  /**
   * Reads the weights, or rather maps them.
   *
   * @param source closed with the model, or at once where this fails
   * @param compute fp32 or bf16: type of the activations
   * @throws dev.nacelle.NacelleException of kind INPUT for a tensor that is missing or ill-shaped
   */
  public static DecoderModel load(
      TensorSource source, ModelConfig config, Engine engine, DType compute) {
    Weights weights = new Weights(source, engine, compute);
    try {
      return new DecoderModel(config, engine, compute, weights);
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  public ModelConfig config() {
    return config;
  }

  /** Type of the activations. */
  public DType compute() {
    return compute;
  }

  /** Every linear layer that can carry an adapter: the blocks' in order, then the head. */
  public List<Linear> linears() {
    List<Linear> all = new ArrayList<>();
    blocks.forEach(block -> all.addAll(block.linears()));
    all.add(head);
    return all;
  }

  /** Sets the copies that train in place of head and token table; of none where there are none. */
  public void train(List<WholeModule> whole) {
    trainedTable = null;
    trainedHead = null;
    for (WholeModule module : whole) {
      if (module.isHead()) {
        trainedHead = module.weight();
      } else {
        trainedTable = module.weight();
      }
    }
  }

  /** What the head multiplies with: its own weight, or the copy that trains in its place. */
  private Weight headWeight() {
    return trainedHead == null ? head.weight() : trainedHead.value();
  }

  /** The frozen weight of a linear layer, or of the token table. */
  public Weight weight(String path) {
    if (path.equals(WholeModules.TABLE_PATH)) {
      return table;
    }
    return linears().stream()
        .filter(linear -> linear.path().equals(path))
        .findFirst()
        .orElseThrow()
        .weight();
  }

  /**
   * One loss a row, 0 where the row has no target.
   *
   * @param strategy how much is kept for backward, and how many logits are alive at once
   * @param gradScale what backward multiplies the sum of the losses with
   * @param training whether dropout drops
   * @param tokenOffset tokens of the run before this batch
   */
  public Tensor losses(
      Tape tape,
      Strategy strategy,
      TokenRow batch,
      float gradScale,
      boolean training,
      long tokenOffset) {
    Tensor hidden = hidden(tape, strategy, batch, training, tokenOffset, null);
    Tensor targets = tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, batch.targets()));
    LowRankPair pair = headPair();
    CrossEntropy.Pair low =
        pair == null
            ? null
            : new CrossEntropy.Pair(pair.a(), pair.trainsA(), pair.b(), pair.scale());
    Tensor losses =
        tape.apply(
            new CrossEntropy(
                headWeight(),
                trainedHead,
                targets,
                gradScale,
                low,
                logitCap(),
                strategy.headRows()),
            pair != null || trainedHead != null,
            hidden);
    if (isStreamed(strategy)) {
      // The head's gradient is found in its forward: nobody reads it again in this pass.
      PageTurn.turn(List.of(head.weight()), List.of());
    }
    return losses;
  }

  /** What an adapter adds to the logits, which no function makes by itself. */
  private @Nullable LowRankPair headPair() {
    return switch (head.adapter()) {
      case null -> null;
      case LowRankPair pair -> pair;
      case HydraHeads heads ->
          throw new IllegalStateException("no heads beside " + heads.modulePath());
      case DoraPair dora -> throw new IllegalStateException("no DoRA on the head");
      case VeraVectors vera -> throw new IllegalStateException("no VeRA on the head");
    };
  }

  /** Lets the pages of mapped weights go, those that no backward came by to let go among them. */
  public void letWeightsGo() {
    for (int stretch = -1; stretch <= blocks.size(); stretch++) {
      PageTurn.turn(weights(stretch), List.of());
    }
  }

  /**
   * Bytes of the mapped file that are in memory at once.
   *
   * @param streamed whether each stretch's pages go once it is done
   * @param tokens of the longest pass: of the token table only their rows are read
   */
  public long mappedBytes(boolean streamed, long tokens) {
    long all = engine.allocator().borrowedBytes();
    for (Weight replaced : replaced()) {
      all -= replaced.memory().isMapped() ? replaced.byteSize() : 0;
    }
    if (!streamed) {
      return all;
    }
    long most = 0;
    long matrices = 0;
    for (int stretch = 0; stretch <= blocks.size(); stretch++) {
      long bytes = 0;
      for (Weight weight : weights(stretch)) {
        bytes += weight.memory().isMapped() ? weight.byteSize() : 0;
      }
      matrices += bytes;
      most = Math.max(most, bytes);
    }
    boolean isHead = config.tieWordEmbeddings() && trainedHead == null;
    if (!isHead && trainedTable == null && table.memory().isMapped()) {
      matrices += table.byteSize();
      long row = Math.ceilDiv(table.byteSize(), table.size(0)) + 2 * READ_AROUND;
      most = Math.max(most, Math.min(table.byteSize(), tokens * row));
    }
    // What is no matrix stays, and a fault brings the pages around it along.
    return Math.min(all, most + (all - matrices) + 2 * READ_AROUND);
  }

  /** Frozen weights that nobody reads while copies of them train. */
  private List<Weight> replaced() {
    List<Weight> replaced = new ArrayList<>();
    if (trainedHead != null && (!config.tieWordEmbeddings() || trainedTable != null)) {
      replaced.add(head.weight());
    }
    if (trainedTable != null && !config.tieWordEmbeddings()) {
      replaced.add(table);
    }
    return replaced;
  }

  private static boolean isStreamed(Strategy strategy) {
    return strategy.weights() == Strategy.Weights.STREAMED;
  }

  /** What a stretch multiplies with: −1 the token table, then the blocks, then the head. */
  private List<Weight> weights(int stretch) {
    if (stretch == -1) {
      return List.of(table);
    }
    if (stretch == blocks.size()) {
      return trainedHead == null ? List.of(head.weight()) : List.of();
    }
    return stretch < -1 || stretch > blocks.size()
        ? List.of()
        : blocks.get(stretch).linears().stream().map(Linear::weight).toList();
  }

  /** x on its way into block number {@code next}, in the frame of the caller. */
  private Tensor turnPages(Pass pass, Tensor x, int next) {
    if (!isStreamed(pass.strategy())) {
      return x;
    }
    // Of the table only the rows of these tokens are read, whenever that is: never ahead.
    List<Weight> beforeLast = next < 2 ? List.of() : weights(next - 2);
    Tensor turned =
        pass.tape()
            .apply(
                new PageTurn(weights(next - 1), weights(next), weights(next + 1), beforeLast), x);
    pass.tape().discard(x);
    return turned;
  }

  /**
   * Runs new tokens behind those in the cache.
   *
   * @return the last token's logits (V), fp32
   */
  public float[] nextLogits(KeyValueCache cache, int... ids) {
    float[] logits = new float[config.vocabularySize()];
    nextLogits(logits, Strategy.FASTEST, cache, cache.length() + ids.length, ids);
    return logits;
  }

  /**
   * The same with weights where a strategy has them.
   *
   * @param into (V), where the logits go
   * @param strategy of which only that is heeded
   * @param longest tokens of the text that these are a part of
   */
  public void nextLogits(
      float[] into, Strategy strategy, KeyValueCache cache, int longest, int... ids) {
    try (Tape tape = engine.forwardOnly()) {
      TokenRow row = TokenRow.behind(cache.length(), longest, ids);
      Tensor hidden = hidden(tape, strategy, row, false, 0, cache);
      cache.advance(ids.length);
      Tensor logits =
          tape.own(
              engine
                  .allocator()
                  .allocate(LedgerClass.WORKSPACE, DType.FP32, 1, head.weight().size(0)));
      var products = engine.kernels().products();
      var last = hidden.operand().rows(ids.length - 1, ids.length);
      engine.kernels().weightProducts().forward(logits.operand(), last, headWeight().matrix());
      LowRankPair pair = headPair();
      if (pair != null) {
        Tensor h =
            tape.own(
                engine.allocator().allocate(LedgerClass.WORKSPACE, DType.FP32, 1, pair.rank()));
        products.multiply(h.operand(), last, false, pair.a().value().operand(), true, 1f, 0f);
        products.multiply(
            logits.operand(),
            h.operand(),
            false,
            pair.b().value().operand(),
            true,
            pair.scale(),
            1f);
      }
      if (isStreamed(strategy)) {
        PageTurn.turn(List.of(head.weight()), List.of());
      }
      logits.readInto(into);
      cap(into);
    }
  }

  private float logitCap() {
    return (float) config.traits().logitCap();
  }

  private void cap(float[] logits) {
    float cap = logitCap();
    for (int i = 0; cap > 0 && i < logits.length; i++) {
      logits[i] = cap * (float) Math.tanh(logits[i] / cap);
    }
  }

  /** Whether keys of texts of so many tokens are turned otherwise than those of short ones. */
  public boolean isStretched(int tokens) {
    return config.ropeScaling() instanceof RopeScaling.LongRope rope
        && tokens > rope.originalContext();
  }

  /** An empty cache for {@link #nextLogits}. */
  public KeyValueCache newCache(int capacity) {
    return new KeyValueCache(
        engine.allocator(),
        config.layers(),
        capacity,
        (long) config.kvHeads() * config.headDim(),
        compute);
  }

  private Tensor hidden(
      Tape tape,
      Strategy strategy,
      TokenRow row,
      boolean training,
      long tokenOffset,
      @Nullable KeyValueCache cache) {
    var allocator = engine.allocator();
    Tensor idTensor = tape.own(allocator.of(LedgerClass.ACTIVATIONS, row.ids()));
    Tensor x = lookUp(tape, row, idTensor);
    Pass pass =
        new Pass(
            tape,
            strategy,
            tape.own(allocator.of(LedgerClass.ACTIVATIONS, row.positions())),
            rotary(
                tape,
                RopeFrequencies.inverse(config, row.longest()),
                RopeFrequencies.attentionFactor(config)),
            config.traits().localTheta() == 0
                ? null
                : rotary(tape, RopeFrequencies.local(config), 1),
            new Masks(row.starts()),
            training,
            tokenOffset,
            cache);
    for (int first = 0; first < blocks.size(); ) {
      x = turnPages(pass, x, first);
      int last = Math.min(blocks.size(), first + segment(strategy, first));
      Tensor y = segment(pass, x, first, last);
      tape.discard(x);
      x = y;
      first = last;
    }
    return tape.apply(norm, turnPages(pass, x, blocks.size()));
  }

  private Rotary rotary(Tape tape, float[] frequencies, float scale) {
    return new Rotary(
        tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, frequencies, frequencies.length)),
        scale);
  }

  /** How many blocks from this one on keep one input together. */
  private static int segment(Strategy strategy, int first) {
    boolean whole = strategy.recomputeOf(first) == Strategy.Recompute.BLOCK;
    return whole ? Math.min(strategy.segmentBlocks(), strategy.recomputedBlocks() - first) : 1;
  }

  private Tensor segment(Pass pass, Tensor x, int first, int last) {
    if (last - first == 1) {
      return blocks.get(first).apply(pass, x, pass.strategy().recomputeOf(first));
    }
    return pass.tape()
        .segment(
            x,
            in -> {
              Tensor y = in;
              for (int b = first; b < last; b++) {
                Tensor from = b == first ? in : turnPages(pass, y, b);
                y = blocks.get(b).apply(pass, from, Strategy.Recompute.BLOCK);
                if (from != in) {
                  pass.tape().discard(from);
                }
              }
              return y;
            });
  }

  private Tensor lookUp(Tape tape, TokenRow row, Tensor ids) {
    float scale = (float) config.traits().embeddingScale();
    if (trainedTable != null) {
      return tape.apply(new TokenTable(trainedTable, row.ids(), ids, scale, compute), true);
    }
    Tensor x =
        tape.own(
            engine
                .allocator()
                .allocate(LedgerClass.ACTIVATIONS, compute, row.ids().length, config.hiddenSize()));
    switch (table.matrix()) {
      case Operand plain ->
          engine.kernels().elementwise().gatherRows(x.operand(), plain, ids.operand());
      case BlockMatrix blocks ->
          engine.kernels().dequantize().gatherRows(x.operand(), blocks, ids.operand());
    }
    if (scale != 1) {
      engine.kernels().elementwise().scale(x.operand(), scale);
    }
    return x;
  }

  @Override
  public void close() {
    weights.close();
  }
}
