package dev.nacelle.kernels;

/**
 * Activations in 8, 4 or 2 bits: each block of a row has an fp32 scale, its largest magnitude over
 * 127, 7 or 1 steps, and elements are rounded to steps stochastically, by a seed and the element's
 * number alone. quantize_activation.c says how codes lie.
 */
public interface QuantizeActivation {
  /** How activations become codes. */
  record Form(int bits, long block) {
    /**
     * @throws IllegalArgumentException unless bits are 8, 4 or 2, and a block is whole bytes
     */
    public Form {
      if (bits != 8 && bits != 4 && bits != 2) {
        throw new IllegalArgumentException("bits must be 8, 4 or 2, given " + bits);
      }
      if (block < 1 || block * bits % 8 != 0) {
        throw new IllegalArgumentException(
            "block must be at least 1 and whole bytes of " + bits + " bits, given " + block);
      }
    }

    /** Blocks of a row. */
    public long blocks(long columns) {
      return (columns + block - 1) / block;
    }

    /** Bytes of a row's codes. */
    public long bytes(long columns) {
      return blocks(columns) * (block * bits / 8);
    }

    /** Steps to each side of zero. */
    public int steps() {
      return (1 << (bits - 1)) - 1;
    }
  }

  /**
   * @param codes (rows, bytes) U8, contiguous, written
   * @param scales (rows, blocks) fp32, contiguous, written; NaN for a block with no finite number
   * @param x (rows, columns) fp32, bf16 or fp16
   */
  void quantize(Operand codes, Operand scales, Operand x, Form form, long seed);

  /**
   * @param y (rows, columns) fp32, bf16 or fp16, rows of adjacent elements, written
   */
  void dequantize(Operand y, Operand codes, Operand scales, Form form);
}
