package dev.nacelle.file;

import java.nio.ByteBuffer;

/**
 * Blocks of GGUF tensors to fp32. A block of 32 elements has one fp16 scale d, Q4_1 an fp16 minimum
 * m too; of the 16 bytes of a four-bit block the low nibbles are elements 0 to 15, the high ones 16
 * to 31 (facts of the format: ggml's block layouts).
 */
final class GgufBlocks {
  private GgufBlocks() {}

  /**
   * Widens whole blocks.
   *
   * @param raw little-endian bytes of the blocks, from index 0
   * @param out room for {@code elements} floats
   */
  static void widen(GgufType type, ByteBuffer raw, float[] out, int elements) {
    switch (type) {
      case F32 -> {
        for (int i = 0; i < elements; i++) {
          out[i] = raw.getFloat(4 * i);
        }
      }
      case F16 -> {
        for (int i = 0; i < elements; i++) {
          out[i] = Float.float16ToFloat(raw.getShort(2 * i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < elements; i++) {
          out[i] = Float32.bfloat16(raw.getShort(2 * i));
        }
      }
      case Q4_0 -> {
        for (int block = 0; block < elements / 32; block++) {
          int at = block * 18;
          float d = Float.float16ToFloat(raw.getShort(at));
          for (int i = 0; i < 16; i++) {
            int q = raw.get(at + 2 + i);
            out[block * 32 + i] = ((q & 15) - 8) * d;
            out[block * 32 + 16 + i] = (((q >> 4) & 15) - 8) * d;
          }
        }
      }
      case Q4_1 -> {
        for (int block = 0; block < elements / 32; block++) {
          int at = block * 20;
          float d = Float.float16ToFloat(raw.getShort(at));
          float m = Float.float16ToFloat(raw.getShort(at + 2));
          for (int i = 0; i < 16; i++) {
            int q = raw.get(at + 4 + i);
            out[block * 32 + i] = (q & 15) * d + m;
            out[block * 32 + 16 + i] = ((q >> 4) & 15) * d + m;
          }
        }
      }
      case Q8_0 -> {
        for (int block = 0; block < elements / 32; block++) {
          int at = block * 34;
          float d = Float.float16ToFloat(raw.getShort(at));
          for (int i = 0; i < 32; i++) {
            out[block * 32 + i] = raw.get(at + 2 + i) * d;
          }
        }
      }
      default -> throw new IllegalArgumentException("blocks of " + type + " are not read");
    }
  }
}
