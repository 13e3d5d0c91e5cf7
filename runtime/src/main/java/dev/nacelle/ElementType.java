package dev.nacelle;

/** The element types of tensors that operators take and give, all little-endian. */
public enum ElementType {
  FP32(4),
  BF16(2),
  FP16(2),
  I32(4),
  I64(8),
  /** Blocks of quantised weights, and codes. */
  U8(1);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
