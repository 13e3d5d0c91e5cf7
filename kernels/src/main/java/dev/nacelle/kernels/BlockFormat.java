package dev.nacelle.kernels;

import java.util.Locale;

/**
 * How a row of quantised elements is stored. The Q formats are those of GGUF files; NF4 is
 * bitsandbytes', whose absmax lies apart from its codes.
 */
public enum BlockFormat {
  Q4_0(0, 32, 18),
  Q4_1(1, 32, 20),
  Q5_0(2, 32, 22),
  Q5_1(3, 32, 24),
  Q8_0(4, 32, 34),
  Q4_K(5, 256, 144),
  Q5_K(6, 256, 176),
  Q6_K(7, 256, 210),
  /** Two elements a byte, the first in the high nibble; 64 of the whole matrix share an absmax. */
  NF4(8, 2, 1);

  /** Elements that share one absmax of {@link #NF4}. */
  public static final int ABSMAX_ELEMENTS = 64;

  private final int code;
  private final int elements;
  private final int bytes;

  BlockFormat(int code, int elements, int bytes) {
    this.code = code;
    this.elements = elements;
    this.bytes = bytes;
  }

  /** The name on the command line, {@code q4_1} say. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The number that the C code knows it by (NK_Q4_0 … in blocks.h). */
  public int code() {
    return code;
  }

  /** Elements of a block: a row holds whole blocks. */
  public int blockElements() {
    return elements;
  }

  /** Bytes of a block. */
  public int blockBytes() {
    return bytes;
  }

  /** Whether scales lie apart from the blocks. */
  public boolean hasAbsmax() {
    return this == NF4;
  }

  /**
   * Bytes of a row.
   *
   * @throws IllegalArgumentException if it is no number of whole blocks
   */
  public long rowBytes(long columns) {
    if (columns % elements != 0) {
      throw new IllegalArgumentException(
          "a row of "
              + columns
              + " elements is no number of "
              + label()
              + " blocks of "
              + elements);
    }
    return columns / elements * bytes;
  }

  /**
   * Elements of a row.
   *
   * @throws IllegalArgumentException if it is no number of whole blocks
   */
  public long columns(long rowBytes) {
    if (rowBytes % bytes != 0) {
      throw new IllegalArgumentException(
          "a row of " + rowBytes + " bytes is no number of " + label() + " blocks of " + bytes);
    }
    return rowBytes / bytes * elements;
  }

  /**
   * Finds a format by its label.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static BlockFormat parse(String label) {
    for (BlockFormat format : values()) {
      if (format.label().equals(label)) {
        return format;
      }
    }
    throw new IllegalArgumentException("no block format is called '" + label + "'");
  }
}
