package dev.nacelle.file;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.quant.BlockDecoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Elements of GGUF tensors to fp32, plain ones and blocks. */
final class GgufBlocks {
  private GgufBlocks() {}

  /**
   * Widens whole blocks.
   *
   * @param raw little-endian bytes of the blocks, from index 0
   * @param out room for {@code elements} floats
   */
  static void widen(GgufType type, byte[] raw, float[] out, int elements) {
    BlockFormat format = type.format();
    if (format != null) {
      BlockDecoder.widen(format, raw, out, elements);
      return;
    }
    ByteBuffer view = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < elements; i++) {
      out[i] =
          switch (type) {
            case F32 -> view.getFloat(4 * i);
            case F16 -> Float.float16ToFloat(view.getShort(2 * i));
            case BF16 -> Float32.bfloat16(view.getShort(2 * i));
            default -> throw new IllegalArgumentException("blocks of " + type + " are not read");
          };
    }
  }
}
