package dev.nacelle.file;

import dev.nacelle.nativeaccess.DType;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Element types of GGUF tensors: number in the file, elements and bytes of a block. All that files
 * carry is known, so that a file can be listed; what {@link GgufBlocks} can widen is read.
 */
enum GgufType {
  F32(0, 1, 4, DType.FP32),
  F16(1, 1, 2, DType.FP16),
  Q4_0(2, 32, 18, null),
  Q4_1(3, 32, 20, null),
  Q5_0(6, 32, 22, null),
  Q5_1(7, 32, 24, null),
  Q8_0(8, 32, 34, null),
  Q8_1(9, 32, 36, null),
  Q2_K(10, 256, 84, null),
  Q3_K(11, 256, 110, null),
  Q4_K(12, 256, 144, null),
  Q5_K(13, 256, 176, null),
  Q6_K(14, 256, 210, null),
  Q8_K(15, 256, 292, null),
  IQ2_XXS(16, 256, 66, null),
  IQ2_XS(17, 256, 74, null),
  IQ3_XXS(18, 256, 98, null),
  IQ1_S(19, 256, 50, null),
  IQ4_NL(20, 32, 18, null),
  IQ3_S(21, 256, 110, null),
  IQ2_S(22, 256, 82, null),
  IQ4_XS(23, 256, 136, null),
  I8(24, 1, 1, null),
  I16(25, 1, 2, null),
  I32(26, 1, 4, DType.I32),
  I64(27, 1, 8, DType.I64),
  F64(28, 1, 8, DType.FP64),
  IQ1_M(29, 256, 56, null),
  BF16(30, 1, 2, DType.BF16),
  TQ1_0(34, 256, 54, null),
  TQ2_0(35, 256, 66, null),
  MXFP4(39, 32, 17, null);

  private static final Map<Integer, GgufType> BY_ID = new HashMap<>();

  static {
    for (GgufType type : values()) {
      BY_ID.put(type.id, type);
    }
  }

  private final int id;
  private final int blockElements;
  private final int blockBytes;
  private final @Nullable DType dtype;

  GgufType(int id, int blockElements, int blockBytes, @Nullable DType dtype) {
    this.id = id;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
    this.dtype = dtype;
  }

  /** Its number in a file. */
  int id() {
    return id;
  }

  int blockElements() {
    return blockElements;
  }

  int blockBytes() {
    return blockBytes;
  }

  @Nullable DType dtype() {
    return dtype;
  }

  /** Whether its elements can be read as fp32. */
  boolean isReadable() {
    return switch (this) {
      case F32, F16, BF16, Q4_0, Q4_1, Q8_0 -> true;
      default -> false;
    };
  }

  static @Nullable GgufType find(int id) {
    return BY_ID.get(id);
  }
}
