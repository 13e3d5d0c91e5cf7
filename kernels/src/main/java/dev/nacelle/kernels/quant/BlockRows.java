package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;

/** Reads a block matrix row by row in plain Java. */
final class BlockRows {
  private final BlockMatrix matrix;
  private final byte[] raw;
  private final float[] row;

  BlockRows(BlockMatrix matrix) {
    this.matrix = matrix;
    this.raw = new byte[Math.toIntExact(matrix.blocks().size(1))];
    this.row = new float[Math.toIntExact(matrix.size(1))];
  }

  /** The elements of a row; the next call writes over them. */
  float[] read(long index) {
    if (row.length == 0) {
      return row;
    }
    long stored = matrix.storedRow(index);
    Operand blocks = matrix.blocks();
    blocks.buffer().read(blocks.byteOffset() + stored * blocks.stride(0), raw, 0, raw.length);
    Operand absmax = matrix.absmax();
    if (absmax == null) {
      BlockDecoder.widen(matrix.format(), raw, row, row.length);
    } else {
      BlockDecoder.widenNf4(
          raw, group -> Elements.get(absmax, group), stored * row.length, row, row.length);
    }
    return row;
  }
}
