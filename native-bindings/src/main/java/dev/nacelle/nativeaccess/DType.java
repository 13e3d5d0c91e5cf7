package dev.nacelle.nativeaccess;

import java.util.Locale;

/** Element types of tensors, with the names that users and files give them. */
public enum DType {
  FP32("fp32", "F32", 4),
  BF16("bf16", "BF16", 2),
  FP16("fp16", "F16", 2),
  FP64("fp64", "F64", 8),
  I64("i64", "I64", 8),
  I32("i32", "I32", 4),
  U8("u8", "U8", 1),
  BOOL("bool", "BOOL", 1);

  private final String label;
  private final String safetensorsName;
  private final int bytes;

  DType(String label, String safetensorsName, int bytes) {
    this.label = label;
    this.safetensorsName = safetensorsName;
    this.bytes = bytes;
  }

  /** The name on the command line and in messages, {@code bf16} say. */
  public String label() {
    return label;
  }

  /** The name in a safetensors header, {@code BF16} say. */
  public String safetensorsName() {
    return safetensorsName;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether kernels can compute in this type: fp32, bf16, fp16. */
  public boolean isCompute() {
    return this == FP32 || this == BF16 || this == FP16;
  }

  /**
   * Finds a type by its command-line or safetensors name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static DType parse(String name) {
    String wanted = name.toLowerCase(Locale.ROOT);
    for (DType type : values()) {
      if (type.label.equals(wanted)
          || type.safetensorsName.toLowerCase(Locale.ROOT).equals(wanted)) {
        return type;
      }
    }
    throw new IllegalArgumentException("no element type is called '" + name + "'");
  }
}
