package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.nativeaccess.DType;
import java.util.SplittableRandom;

/** Random blocks of a case's format: any codes, and scales of the case's kind of numbers. */
final class BlockBytes {
  private BlockBytes() {}

  /** The bytes as numbers, as the matrix holds all values. */
  static double[] of(MatrixCase point, int count, SplittableRandom random) {
    double[] bytes = new double[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = point.fill() == Fill.ZEROS ? 0 : random.nextInt(256);
    }
    if (point.operator().equals("dequantize_activation") || point.operator().equals("adamw")) {
      return bytes;
    }
    String label = point.attributes().get("w_format");
    if (label == null) {
      label = point.attributes().get("format");
    }
    if (label == null || label.equals("none")) {
      return bytes; // a call that must be refused
    }
    BlockFormat format = BlockFormat.parse(label);
    // A sum of products of numbers below the normal ones keeps no digits to compare.
    boolean sums = !point.operator().equals("dequantize");
    Fill fill = sums && point.fill() == Fill.DENORMAL ? Fill.NORMAL : point.fill();
    for (int at = 0; at + format.blockBytes() <= count; at += format.blockBytes()) {
      for (int place : scales(format)) {
        double scale = fill.value(random, DType.FP16, false);
        short half = Float.floatToFloat16((float) scale);
        bytes[at + place] = half & 0xff;
        bytes[at + place + 1] = half >> 8 & 0xff;
      }
    }
    return bytes;
  }

  /** Where in a block its fp16 numbers lie. */
  private static int[] scales(BlockFormat format) {
    return switch (format) {
      case Q4_0, Q5_0, Q8_0 -> new int[] {0};
      case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
      case Q6_K -> new int[] {208};
      case NF4 -> new int[0];
    };
  }
}
