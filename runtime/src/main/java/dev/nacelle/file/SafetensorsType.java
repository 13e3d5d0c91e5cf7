package dev.nacelle.file;

import dev.nacelle.nativeaccess.DType;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The element types that a safetensors header may name, narrowest first. The order is the reference
 * library's own: it lays the tensors of a file out by descending type, then by name.
 */
enum SafetensorsType {
  BOOL(8, DType.BOOL),
  F4(4, null),
  F6_E2M3(6, null),
  F6_E3M2(6, null),
  U8(8, DType.U8),
  I8(8, null),
  F8_E5M2(8, null),
  F8_E4M3(8, null),
  F8_E8M0(8, null),
  F8_E4M3FNUZ(8, null),
  F8_E5M2FNUZ(8, null),
  I16(16, null),
  U16(16, null),
  F16(16, DType.FP16),
  BF16(16, DType.BF16),
  I32(32, DType.I32),
  U32(32, null),
  F32(32, DType.FP32),
  C64(64, null),
  F64(64, DType.FP64),
  I64(64, DType.I64),
  U64(64, null);

  private static final Map<String, SafetensorsType> BY_NAME = new HashMap<>();

  static {
    for (SafetensorsType type : values()) {
      BY_NAME.put(type.name(), type);
    }
  }

  private final int bits;
  private final @Nullable DType dtype;

  SafetensorsType(int bits, @Nullable DType dtype) {
    this.bits = bits;
    this.dtype = dtype;
  }

  int bits() {
    return bits;
  }

  @Nullable DType dtype() {
    return dtype;
  }

  /** The type of exactly that spelling, or null. */
  static @Nullable SafetensorsType find(String name) {
    return BY_NAME.get(name);
  }

  static SafetensorsType of(DType dtype) {
    SafetensorsType type = BY_NAME.get(dtype.safetensorsName());
    if (type == null) {
      throw new AssertionError(dtype);
    }
    return type;
  }
}
