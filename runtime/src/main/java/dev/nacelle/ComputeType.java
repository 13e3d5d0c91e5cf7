package dev.nacelle;

/** The element type in which a model computes; adapters are always kept in fp32. */
public enum ComputeType {
  /** 32-bit floats, the default on the processor. */
  FP32,
  /** bfloat16: half the bytes of every activation, eight bits of mantissa. */
  BF16
}
