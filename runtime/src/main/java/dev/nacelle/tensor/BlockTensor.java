package dev.nacelle.tensor;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.nativeaccess.NativeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A matrix in quantised blocks.
 *
 * @param blocks (out, row bytes) U8
 * @param absmax the scales of a format that keeps them apart, (elements/64) fp32; else null
 * @param headRows rows of a head that are stored interleaved, or 0; see {@link BlockMatrix}
 */
public record BlockTensor(Tensor blocks, BlockFormat format, @Nullable Tensor absmax, long headRows)
    implements Weight {
  /** Blocks that hold their own scales. */
  public BlockTensor(Tensor blocks, BlockFormat format, long headRows) {
    this(blocks, format, null, headRows);
  }

  @Override
  public long size(int d) {
    return d == 0 ? blocks.size(0) : format.columns(blocks.size(1));
  }

  @Override
  public BlockMatrix matrix() {
    return new BlockMatrix(
        blocks.operand(), format, absmax == null ? null : absmax.operand(), headRows);
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
    if (absmax != null) {
      absmax.release();
    }
  }
}
