package dev.nacelle.tensor;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.nativeaccess.NativeBuffer;

/**
 * A matrix in quantised blocks that hold their own scales.
 *
 * @param blocks (out, row bytes) U8
 * @param headRows rows of a head that are stored interleaved, or 0; see {@link BlockMatrix}
 */
public record BlockTensor(Tensor blocks, BlockFormat format, long headRows) implements Weight {
  @Override
  public long size(int d) {
    return d == 0 ? blocks.size(0) : format.columns(blocks.size(1));
  }

  @Override
  public BlockMatrix matrix() {
    return new BlockMatrix(blocks.operand(), format, null, headRows);
  }

  @Override
  public long byteSize() {
    return blocks.byteSize();
  }

  @Override
  public NativeBuffer memory() {
    return blocks.memory();
  }

  @Override
  public void release() {
    blocks.release();
  }
}
