package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import java.util.function.LongToDoubleFunction;

/**
 * Quantised blocks to fp32 in plain Java, element by element: what the C kernels are held against.
 * blocks/blocks_math.h describes the layouts.
 */
public final class BlockDecoder {
  private static final float[] NF4_LEVELS = {
    -1.0f,
    -0.6961928f,
    -0.52507305f,
    -0.3949175f,
    -0.28444138f,
    -0.18477343f,
    -0.091050036f,
    0.0f,
    0.0795803f,
    0.1609302f,
    0.2461123f,
    0.33791524f,
    0.44070983f,
    0.562617f,
    0.72295684f,
    1.0f
  };

  private BlockDecoder() {}

  /** The values of NF4's sixteen codes, to be multiplied with an absmax. */
  public static float[] nf4Levels() {
    return NF4_LEVELS.clone();
  }

  /**
   * Widens whole blocks that hold their own scales.
   *
   * @param raw the blocks, from index 0
   * @param out room for {@code elements} floats
   */
  public static void widen(BlockFormat format, byte[] raw, float[] out, int elements) {
    int blocks = elements / format.blockElements();
    for (int block = 0; block < blocks; block++) {
      int at = block * format.blockBytes();
      int to = block * format.blockElements();
      switch (format) {
        case Q4_0 -> nibbles(raw, at + 2, 8, half(raw, at), -0.0f, out, to);
        case Q4_1 -> nibbles(raw, at + 4, 0, half(raw, at), half(raw, at + 2), out, to);
        case Q5_0 -> fives(raw, at + 2, 16, half(raw, at), -0.0f, out, to);
        case Q5_1 -> fives(raw, at + 4, 0, half(raw, at), half(raw, at + 2), out, to);
        case Q8_0 -> {
          float d = half(raw, at);
          for (int i = 0; i < 32; i++) {
            out[to + i] = raw[at + 2 + i] * d;
          }
        }
        case Q4_K -> fourOrFive(raw, at, false, out, to);
        case Q5_K -> fourOrFive(raw, at, true, out, to);
        case Q6_K -> six(raw, at, out, to);
        case NF4 -> throw new IllegalArgumentException("nf4 needs an absmax");
      }
    }
  }

  /**
   * Widens a row of NF4.
   *
   * @param absmax gives the scale of a group of 64 elements
   * @param first number of the row's first element in the matrix
   */
  public static void widenNf4(
      byte[] raw, LongToDoubleFunction absmax, long first, float[] out, int elements) {
    for (int i = 0; i < elements; i++) {
      int code = (i % 2 == 0 ? raw[i / 2] >> 4 : raw[i / 2]) & 15;
      out[i] =
          NF4_LEVELS[code]
              * (float) absmax.applyAsDouble((first + i) / BlockFormat.ABSMAX_ELEMENTS);
    }
  }

  /** A whole matrix, for references and tests. */
  public static double[][] matrix(BlockMatrix matrix) {
    BlockRows rows = new BlockRows(matrix);
    double[][] out = new double[Math.toIntExact(matrix.size(0))][Math.toIntExact(matrix.size(1))];
    for (int r = 0; r < out.length; r++) {
      float[] row = rows.read(r);
      for (int c = 0; c < row.length; c++) {
        out[r][c] = row[c];
      }
    }
    return out;
  }

  private static float half(byte[] raw, int at) {
    return Float.float16ToFloat((short) ((raw[at] & 0xff) | raw[at + 1] << 8));
  }

  /** 16 bytes: elements 0 to 15 in the low nibbles, 16 to 31 in the high ones. */
  private static void nibbles(byte[] raw, int at, int zero, float d, float m, float[] out, int to) {
    for (int i = 0; i < 16; i++) {
      out[to + i] = ((raw[at + i] & 15) - zero) * d + m;
      out[to + 16 + i] = ((raw[at + i] >> 4 & 15) - zero) * d + m;
    }
  }

  /** The same behind 32 fifth bits, element 0 in the lowest. */
  private static void fives(byte[] raw, int at, int zero, float d, float m, float[] out, int to) {
    for (int i = 0; i < 32; i++) {
      int nibble = (i < 16 ? raw[at + 4 + i] : raw[at + 4 + i - 16] >> 4) & 15;
      int fifth = raw[at + i / 8] >> (i % 8) & 1;
      out[to + i] = (nibble + 16 * fifth - zero) * d + m;
    }
  }

  private static void fourOrFive(byte[] raw, int at, boolean five, float[] out, int to) {
    float d = half(raw, at);
    float dmin = half(raw, at + 2);
    int s = at + 4;
    for (int j = 0; j < 8; j++) {
      int scale = raw[s + j] & 63;
      int minimum = j < 4 ? raw[s + j + 4] & 63 : 0;
      if (j >= 4) {
        scale = (raw[s + j + 4] & 15) | (raw[s + j - 4] >> 6 & 3) << 4;
        minimum = (raw[s + j + 4] >> 4 & 15) | (raw[s + j] >> 6 & 3) << 4;
      }
      int codes = at + (five ? 48 : 16) + j / 2 * 32;
      for (int i = 0; i < 32; i++) {
        int q = (j % 2 == 0 ? raw[codes + i] : raw[codes + i] >> 4) & 15;
        if (five) {
          q += 16 * (raw[at + 16 + i] >> j & 1);
        }
        out[to + 32 * j + i] = d * scale * q - dmin * minimum;
      }
    }
  }

  private static void six(byte[] raw, int at, float[] out, int to) {
    float d = half(raw, at + 208);
    for (int i = 0; i < 256; i++) {
      int half = i / 128;
      int strand = i % 128 / 32;
      int l = i % 32;
      int low = raw[at + 64 * half + l + 32 * (strand % 2)] >> (strand < 2 ? 0 : 4) & 15;
      int high = raw[at + 128 + 32 * half + l] >> (2 * strand) & 3;
      int scale = raw[at + 192 + 8 * half + 2 * strand + l / 16];
      out[to + i] = (low + 16 * high - 32) * (d * scale);
    }
  }
}
