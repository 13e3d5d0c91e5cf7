package dev.nacelle.kernels.common;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;

/**
 * Many tensors for one call: a row of numbers for each, and blocks of fixed size that threads
 * share, so that hundreds of small tensors cost one parallel region.
 */
public final class BlockTable {
  /** Elements of a block: NK_ADAMW_BLOCK and NK_CLIP_BLOCK in C. */
  public static final long BLOCK = 8192;

  private final NativeBuffer table;
  private final int columns;
  private final int slots;
  private int next;
  private long blocks;

  public BlockTable(Scratch scratch, int slots, int columns) {
    this.table = scratch.tensor(DType.I64, slots, columns).buffer();
    this.slots = slots;
    this.columns = columns;
  }

  /** The number of the next tensor's first block; counts the tensor's own. */
  public long firstBlock(long elements) {
    long first = blocks;
    blocks += (elements + BLOCK - 1) / BLOCK;
    return first;
  }

  /** Appends a row. */
  public void add(long... row) {
    for (int c = 0; c < columns; c++) {
      table.setLong((long) next * columns + c, row[c]);
    }
    next++;
  }

  public long address() {
    return table.address();
  }

  public long slots() {
    return slots;
  }

  public long blocks() {
    return blocks;
  }
}
