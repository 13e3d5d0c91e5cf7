package dev.nacelle.kernels.matrix;

import org.bytedeco.pytorch.Tensor;

/** Spikes as words and back, bit by bit, on numbers. */
final class Bits {
  private Bits() {}

  /** Rows of {@code columns} spikes as words; a word is the number that an I32 holds. */
  static double[] words(double[] spikes, int columns) {
    if (columns == 0) {
      return new double[0];
    }
    int words = (columns + 31) / 32;
    double[] packed = new double[spikes.length / columns * words];
    int[] bits = new int[packed.length];
    for (int i = 0; i < spikes.length; i++) {
      if (spikes[i] != 0) {
        bits[i / columns * words + i % columns / 32] |= 1 << (i % columns % 32);
      }
    }
    for (int i = 0; i < bits.length; i++) {
      packed[i] = bits[i];
    }
    return packed;
  }

  /** The last dimension packed. */
  static Tensor words(Tensor spikes) {
    int columns = (int) spikes.size(-1);
    long[] shape = new long[(int) spikes.dim()];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = spikes.size(d);
    }
    shape[shape.length - 1] = (columns + 31L) / 32;
    return Torch.of(words(Torch.values(spikes), columns), shape);
  }

  /** Rows of words as {@code columns} spikes each. */
  static double[] spikes(double[] words, int columns) {
    int each = (columns + 31) / 32;
    int rows = each == 0 ? 0 : words.length / each;
    double[] spikes = new double[rows * columns];
    for (int i = 0; i < spikes.length; i++) {
      int word = (int) words[i / columns * each + i % columns / 32];
      spikes[i] = word >> (i % columns % 32) & 1;
    }
    return spikes;
  }
}
