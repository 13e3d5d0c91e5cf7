package dev.nacelle.file;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Element types of GGUF tensors: number in the file, elements and bytes of a block. All that files
 * carry is known, so that a file can be listed; what {@link GgufBlocks} can widen is read.
 */
enum GgufType {
  F32(0, 1, 4, DType.FP32),
  F16(1, 1, 2, DType.FP16),
  Q4_0(2, BlockFormat.Q4_0),
  Q4_1(3, BlockFormat.Q4_1),
  Q5_0(6, BlockFormat.Q5_0),
  Q5_1(7, BlockFormat.Q5_1),
  Q8_0(8, BlockFormat.Q8_0),
  Q8_1(9, 32, 36, null),
  Q2_K(10, 256, 84, null),
  Q3_K(11, 256, 110, null),
  Q4_K(12, BlockFormat.Q4_K),
  Q5_K(13, BlockFormat.Q5_K),
  Q6_K(14, BlockFormat.Q6_K),
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
  private final @Nullable BlockFormat format;

  GgufType(int id, int blockElements, int blockBytes, @Nullable DType dtype) {
    this.id = id;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
    this.dtype = dtype;
    this.format = null;
  }

  GgufType(int id, BlockFormat format) {
    this.id = id;
    this.blockElements = format.blockElements();
    this.blockBytes = format.blockBytes();
    this.dtype = null;
    this.format = format;
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

  /** The format of its blocks, where kernels read them. */
  @Nullable BlockFormat format() {
    return format;
  }

  /** Whether its elements can be read as fp32. */
  boolean isReadable() {
    return format != null || (dtype != null && dtype.isCompute());
  }

  /** The types that are read, for messages: {@code F32, F16, …}. */
  static String readable() {
    return Arrays.stream(values())
        .filter(GgufType::isReadable)
        .map(GgufType::name)
        .collect(Collectors.joining(", "));
  }

  static @Nullable GgufType find(int id) {
    return BY_ID.get(id);
  }
}
