package dev.nacelle.memory.technique;

import static dev.nacelle.memory.technique.Network.CONVOLUTIONAL;
import static dev.nacelle.memory.technique.Network.SPIKING;
import static dev.nacelle.memory.technique.Network.TRANSFORMER;

import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.memory.Strategy.Spill;
import dev.nacelle.memory.Strategy.Weights;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The registry: every technique that the engine can carry out, in the order in which a page shows
 * them. Grouping and laws are ours; the survey arXiv 2306.10388 treats the same subject.
 */
public final class Techniques {
  /** What the letters of the laws stand for. */
  public static final String LETTERS =
      "L blocks; T tokens (or pixels, or neuron-steps) in one pass; C channels, K channels of keys"
          + " or values, M channels inside the MLP; V words; w bytes of an activation; P trained"
          + " parameters; A bytes that one block keeps: a transformer's w·T·(4C + 2K + 2M), a"
          + " convolutional block's 3·w·T·C";

  static final String PLAN = "by the plan";
  static final String ALLOWED = "by the plan, with --allow-approximate";
  private static final String ALWAYS = "always";

  private Techniques() {}

  /** All of them. */
  public static List<Technique> all() {
    return ALL;
  }

  /** The one that is called so. */
  public static Optional<Technique> find(String id) {
    return ALL.stream().filter(t -> t.id().equals(id)).findFirst();
  }

  /** Those that a strategy asks for, in the registry's order. */
  public static List<Technique> of(Strategy strategy) {
    return ALL.stream().filter(t -> t.isUsedBy().test(strategy)).toList();
  }

  private static final List<Technique> ALL =
      List.of(
          new Technique(
              "recompute-block",
              Principle.SHORTER,
              "Of a block only the input is kept; backward runs the block forward once more.",
              "w·T·C a recomputed block instead of A, and one block's A while it runs again",
              Exactness.BITS,
              "one more forward pass of those blocks: up to a third of a step, a half where"
                  + " weights are frozen",
              "the one block that runs again is whole; dropout must be a function of a counter",
              networks(TRANSFORMER, CONVOLUTIONAL),
              "Chen et al. 2016, arXiv 1604.06174",
              s -> s.recompute() == Recompute.BLOCK && s.recomputedBlocks() > 0,
              PLAN),
          new Technique(
              "recompute-segment",
              Principle.SHORTER,
              "Several blocks keep one input together: the least of what is kept and what runs"
                  + " again is in the middle.",
              "(L/s + s)·w·T·C with segments of s blocks, beside one block's A; least near s = √L",
              Exactness.BITS,
              "one forward pass more than recompute-block for the segments' inner inputs",
              "worth it only where L·w·T·C is more than a block's A: deep and narrow networks",
              networks(TRANSFORMER, CONVOLUTIONAL),
              "Chen et al. 2016, arXiv 1604.06174",
              s ->
                  s.recompute() == Recompute.BLOCK
                      && s.recomputedBlocks() > 0
                      && s.segmentBlocks() > 1,
              PLAN),
          new Technique(
              "recompute-mlp",
              Principle.SHORTER,
              "Of a block the MLP's gate and up are multiplied again in backward.",
              "A − 2·w·T·M a block",
              Exactness.BITS,
              "two of a block's seven products once more",
              "the rest of the block stays; a recomputed block saves more",
              networks(TRANSFORMER),
              "selective recomputation: Korthikanti et al. 2022, arXiv 2205.05198",
              s -> s.recompute() == Recompute.MLP && s.recomputedBlocks() > 0,
              PLAN),
          new Technique(
              "recipes",
              Principle.SHORTER,
              "Outputs of norms and gates that cost next to nothing are made again by whoever"
                  + " reads them.",
              "0 for each such output instead of w·T·C or w·T·M",
              Exactness.BITS,
              "a pass over the elements in backward",
              "only where an output comes from what is kept anyway",
              networks(TRANSFORMER, CONVOLUTIONAL, SPIKING),
              "in the manner of in-place normalisation: Rota Bulò et al. 2018, arXiv 1712.02616",
              Techniques::never,
              ALWAYS),
          new Technique(
              "micro-batch",
              Principle.SHORTER,
              "The samples of a step go through in m passes; their gradients add up.",
              "A/m: T is the tokens of one pass",
              Exactness.SUMS,
              "products of fewer rows, which run at a lower rate; weights are read m times",
              "one sample is the smallest pass; statistics over a batch would change, we have none",
              networks(TRANSFORMER, CONVOLUTIONAL, SPIKING),
              "Huang et al. 2018, arXiv 1811.06965",
              s -> s.microBatch() < Integer.MAX_VALUE,
              PLAN),
          new Technique(
              "head-chunks",
              Principle.SHORTER,
              "Logits, their softmax and their gradient exist for a few tokens at a time.",
              "4·V·(tokens at once) instead of 4·V·T",
              Exactness.SUMS,
              "the head's weights are read once a chunk",
              "the kernel's own choice is a few hundred tokens already; fewer help at large V",
              networks(TRANSFORMER),
              "Wijmans et al. 2024, arXiv 2411.09009",
              s -> s.headRows() > 0,
              PLAN),
          new Technique(
              "attention-tiles",
              Principle.SHORTER,
              "Scores of queries and keys exist tile by tile; backward makes them again from one"
                  + " number a row.",
              "4·T a head instead of w·T² a head",
              Exactness.SUMS,
              "the scores are multiplied once more in backward",
              "none that we know of: at short lengths it is no slower",
              networks(TRANSFORMER),
              "Dao et al. 2022, arXiv 2205.14135",
              Techniques::never,
              ALWAYS),
          new Technique(
              "saved-bits",
              Principle.SMALLER,
              "Kept activations are codes of k = 8, 4 or 2 bits with a scale for 64 elements,"
                  + " rounded at random.",
              "k/32 of fp32 and 1/64 of it for scales: 0.266, 0.141, 0.078 for 8, 4, 2 bits",
              Exactness.UNBIASED,
              "coding in forward, decoding in backward; noise in the gradients",
              "forward is untouched; what runs again in a recomputed block is whole while it runs",
              networks(TRANSFORMER, CONVOLUTIONAL),
              "Chen et al. 2021 (ActNN), arXiv 2104.14129",
              s -> s.savedBits() < 32,
              ALLOWED),
          new Technique(
              "moment-bits",
              Principle.SMALLER,
              "AdamW's two moments are codes of 8 bits with a scale for 256 elements.",
              "2·P·(1 + 4/256) bytes instead of 8·P",
              Exactness.APPROXIMATE,
              "coding and decoding in the update",
              "little where few parameters train: low-rank adapters are a per cent of the model",
              networks(TRANSFORMER, CONVOLUTIONAL),
              "Dettmers et al. 2021, arXiv 2110.02861",
              s -> s.momentBits() < 32,
              ALLOWED),
          new Technique(
              "spill-activations",
              Principle.SMALLER,
              "Kept activations are written to storage in forward and read in backward.",
              "0 instead of L·A, but for tensors below 4 KiB; L·A bytes written a step",
              Exactness.BITS,
              "L·A / (the storage's rate) twice a step; it wears flash, so writes are counted",
              "slower than recompute where the storage is slower than the block; disk space",
              networks(TRANSFORMER, CONVOLUTIONAL),
              "Rhu et al. 2016 (vDNN), arXiv 1602.08124",
              s -> s.spill() != Spill.NOTHING,
              PLAN),
          new Technique(
              "spill-moments",
              Principle.SMALLER,
              "AdamW's moments lie on storage between two updates, one parameter's in memory at a"
                  + " time.",
              "8·(the largest parameter's elements) instead of 8·P; 8·P bytes written a step",
              Exactness.BITS,
              "8·P bytes read and written a step; it wears flash",
              "little where few parameters train",
              networks(TRANSFORMER, CONVOLUTIONAL),
              "Rajbhandari et al. 2021 (ZeRO-Infinity), arXiv 2104.07857",
              s -> s.spill() == Spill.ACTIVATIONS_AND_MOMENTS,
              PLAN),
          new Technique(
              "streamed-weights",
              Principle.SMALLER,
              "Frozen weights stay in their mapped file; a block's pages go when it is done, the"
                  + " next one's are read ahead.",
              "two blocks and the head instead of L blocks and the head, as the kernel counts"
                  + " resident pages",
              Exactness.BITS,
              "weights are read from the page cache or from storage twice a pass",
              "only weights in a type that is multiplied with as it is; the head goes through"
                  + " whole",
              networks(TRANSFORMER),
              "madvise(2); as LLM in a flash, Alizadeh et al. 2023, arXiv 2312.11514",
              s -> s.weights() == Weights.STREAMED,
              PLAN),
          new Technique(
              "rows-on-demand",
              Principle.LESS,
              "Of the table of embeddings, mapped, only the rows of the tokens that occur become"
                  + " resident.",
              "w·C·(distinct tokens), in whole pages, instead of w·C·V",
              Exactness.BITS,
              "a page read at the first use of a row",
              "a tied head multiplies with the whole table all the same",
              networks(TRANSFORMER),
              "mmap(2)",
              Techniques::never,
              ALWAYS),
          new Technique(
              "quantised-base",
              Principle.SMALLER,
              "Frozen weights stay in the blocks of their GGUF file; the products read those.",
              "18/128 of fp32 for Q4_0, 20/128 for Q4_1, 34/128 for Q8_0",
              Exactness.APPROXIMATE,
              "blocks are widened inside the products",
              "the base model is another one: its losses differ from the fp32 model's before"
                  + " training already. Same bits as that base widened to fp32",
              networks(TRANSFORMER),
              "Dettmers et al. 2023 (QLoRA), arXiv 2305.14314",
              Techniques::never,
              "by the model: a GGUF file"),
          new Technique(
              "update-in-backward",
              Principle.SHORTER,
              "A parameter is updated as soon as its gradient is whole, and the gradient goes.",
              "4·(one layer's parameters) instead of 4·P for gradients",
              Exactness.BITS,
              "none",
              "no clipping by a common norm, no accumulation; a step that fails midway cannot be"
                  + " taken again, the last checkpoint can",
              networks(TRANSFORMER, CONVOLUTIONAL),
              "Lv et al. 2023 (LOMO), arXiv 2306.09782",
              Strategy::updateInBackward,
              PLAN),
          new Technique(
              "low-rank-adapter",
              Principle.LESS,
              "Two thin matrices train beside each frozen one.",
              "12·r·(in + out) bytes of gradients and moments a layer instead of 12·in·out; frozen"
                  + " layers keep no input",
              Exactness.OTHER_PROBLEM,
              "two thin products a layer; what can be learned is of rank r",
              "activations between the layers are kept all the same",
              networks(TRANSFORMER),
              "Hu et al. 2021 (LoRA), arXiv 2106.09685",
              Techniques::never,
              ALWAYS),
          new Technique(
              "frozen-prefix",
              Principle.LESS,
              "The first f blocks do not train: backward ends above them and they keep nothing.",
              "(L − f)·A instead of L·A; no gradients or moments of the f blocks",
              Exactness.OTHER_PROBLEM,
              "none: a step is faster",
              "the first blocks stay as they were; --layers says which ones train",
              networks(TRANSFORMER, CONVOLUTIONAL, SPIKING),
              "Brock et al. 2017 (FreezeOut), arXiv 1706.04983",
              Techniques::never,
              "by --layers"),
          new Technique(
              "packing",
              Principle.LESS,
              "Samples lie end to end in a row, attention blocked between them: no padding.",
              "T = Σ lengths instead of samples × the longest",
              Exactness.SUMS,
              "none",
              "nothing where all samples are of one length",
              networks(TRANSFORMER),
              "Krell et al. 2021, arXiv 2107.02027",
              Techniques::never,
              "always, but for --packing off"),
          new Technique(
              "arena",
              Principle.SHORTER,
              "Tensors come out of one range of addresses, best fit, free neighbours joined: what"
                  + " one lets go the next one takes.",
              "resident bytes follow the most bytes held at once, not the sum of sizes met",
              Exactness.BITS,
              "none",
              "pages once touched stay until the run ends",
              networks(TRANSFORMER, CONVOLUTIONAL, SPIKING),
              "best-fit allocation; Knuth, The Art of Computer Programming, vol. 1, 2.5",
              Techniques::never,
              ALWAYS));

  /** What no strategy decides. */
  private static boolean never(Strategy ignored) {
    return false;
  }

  private static Set<Network> networks(Network... some) {
    return new LinkedHashSet<>(List.of(some));
  }
}
