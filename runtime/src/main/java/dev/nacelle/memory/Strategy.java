package dev.nacelle.memory;

/**
 * How a run holds its memory. The planner chooses one, the trainer carries it out and takes another
 * between two steps; {@link #FASTEST} spends memory freely.
 *
 * @param microBatch samples in one forward and backward pass; the step's samples follow each other
 *     in passes of that many, and its gradient is that of all together
 * @param recompute what of a block is computed again in backward
 * @param recomputedBlocks the first blocks, so many, are recomputed as {@code recompute} says
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
          0,
          32,
          32,
          Weights.RESIDENT,
          Spill.NOTHING,
          false);

  /** Whether it comes to the numbers that {@link #FASTEST} comes to. */
  public boolean isExact() {
    return savedBits == 32 && momentBits == 32;
  }
}
