package dev.nacelle.memory;

/**
 * How a run holds its memory. The planner chooses one, the trainer carries it out and takes another
 * between two steps; {@link #FASTEST} spends memory freely.
 *
 * @param microBatch samples in one forward and backward pass; the step's samples follow each other
 *     in passes of that many, and its gradient is that of all together
 * @param recompute what of a block is computed again in backward
 * @param recomputedBlocks the first blocks, so many, are recomputed as {@code recompute} says
 * @param segmentBlocks recomputed blocks of which one input is kept together: 1 keeps each block's;
 *     more cost one more forward pass, and n blocks then keep n / segmentBlocks + segmentBlocks
 *     inputs at once. Only for whole blocks
 * @param headRows tokens whose logits are alive at once; 0 for the kernel's own choice
 * @param savedBits bits an element of a stored activation: 32 for its own type, or 8, 4, 2
 *     (approximate, unbiased)
 * @param momentBits bits an element of AdamW's moments: 32, or 8 (approximate)
 * @param weights where frozen weights are between two uses
 * @param spill what goes to storage between two uses
 * @param updateInBackward whether a parameter is updated as soon as its gradient is whole, so that
 *     one gradient is alive at a time; only where nothing is clipped or accumulated
 */
public record Strategy(
    int microBatch,
    Recompute recompute,
    int recomputedBlocks,
    int segmentBlocks,
    int headRows,
    int savedBits,
    int momentBits,
    Weights weights,
    Spill spill,
    boolean updateInBackward) {

  /** What of a block forward does not keep. */
  public enum Recompute {
    /** All is kept that backward needs. */
    NOTHING,
    /** The MLP's gate and up projections are computed again. */
    MLP,
    /** Only the block's input is kept. */
    BLOCK
  }

  /** Where frozen weights are between two uses. */
  public enum Weights {
    /** Mapped or loaded, and left so. */
    RESIDENT,
    /** Pages of the mapped file are given back after each block and read again in backward. */
    STREAMED
  }

  /** What goes to storage. */
  public enum Spill {
    NOTHING,
    /** Saved activations, written in forward and read in backward. */
    ACTIVATIONS,
    /** Those, and the optimiser's moments between two steps. */
    ACTIVATIONS_AND_MOMENTS
  }

  /** Everything is kept, in full precision; all samples of a micro-batch go through at once. */
  public static final Strategy FASTEST =
      new Strategy(
          Integer.MAX_VALUE,
          Recompute.NOTHING,
          0,
          1,
          0,
          32,
          32,
          Weights.RESIDENT,
          Spill.NOTHING,
          false);

  /**
   * @throws IllegalArgumentException for numbers that mean nothing
   */
  public Strategy {
    if (microBatch < 1 || recomputedBlocks < 0 || segmentBlocks < 1 || headRows < 0) {
      throw new IllegalArgumentException(
          "no strategy: microBatch %d, recomputedBlocks %d, segmentBlocks %d, headRows %d"
              .formatted(microBatch, recomputedBlocks, segmentBlocks, headRows));
    }
    if (savedBits != 32 && savedBits != 8 && savedBits != 4 && savedBits != 2) {
      throw new IllegalArgumentException("savedBits must be 32, 8, 4 or 2, given " + savedBits);
    }
    if (momentBits != 32 && momentBits != 8) {
      throw new IllegalArgumentException("momentBits must be 32 or 8, given " + momentBits);
    }
  }

  /** What of block number {@code block}, from 0, is computed again. */
  public Recompute recomputeOf(int block) {
    return block < recomputedBlocks ? recompute : Recompute.NOTHING;
  }

  /** The same in passes of {@code samples}. */
  public Strategy withMicroBatch(int samples) {
    return new Strategy(
        samples,
        recompute,
        recomputedBlocks,
        segmentBlocks,
        headRows,
        savedBits,
        momentBits,
        weights,
        spill,
        updateInBackward);
  }

  /** The same with other blocks recomputed, each alone. */
  public Strategy withRecompute(Recompute what, int blocks) {
    return withSegments(what, blocks, 1);
  }

  /** The same with whole blocks recomputed, so many from one kept input. */
  public Strategy withSegments(int blocks, int perSegment) {
    return withSegments(Recompute.BLOCK, blocks, perSegment);
  }

  private Strategy withSegments(Recompute what, int blocks, int perSegment) {
    return new Strategy(
        microBatch,
        what,
        blocks,
        perSegment,
        headRows,
        savedBits,
        momentBits,
        weights,
        spill,
        updateInBackward);
  }

  /** The same with at most so many tokens' logits at once. */
  public Strategy withHeadRows(int rows) {
    return new Strategy(
        microBatch,
        recompute,
        recomputedBlocks,
        segmentBlocks,
        rows,
        savedBits,
        momentBits,
        weights,
        spill,
        updateInBackward);
  }

  /** The same with activations and moments in so many bits. */
  public Strategy withBits(int saved, int moments) {
    return new Strategy(
        microBatch,
        recompute,
        recomputedBlocks,
        segmentBlocks,
        headRows,
        saved,
        moments,
        weights,
        spill,
        updateInBackward);
  }

  /** The same with frozen weights and spilled tensors elsewhere. */
  public Strategy withPlaces(Weights frozen, Spill spilled) {
    return new Strategy(
        microBatch,
        recompute,
        recomputedBlocks,
        segmentBlocks,
        headRows,
        savedBits,
        momentBits,
        frozen,
        spilled,
        updateInBackward);
  }

  /** The same with parameters updated in backward, or behind it. */
  public Strategy withUpdateInBackward(boolean updated) {
    return new Strategy(
        microBatch,
        recompute,
        recomputedBlocks,
        segmentBlocks,
        headRows,
        savedBits,
        momentBits,
        weights,
        spill,
        updated);
  }

  /** Whether it comes to the numbers that {@link #FASTEST} comes to. */
  public boolean isExact() {
    return savedBits == 32 && momentBits == 32;
  }
}
