package dev.nacelle.nativeaccess.torch;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.ffm.Linking;
import java.util.EnumMap;
import java.util.Objects;

/** Our element types in LibTorch's numbers, asked of the library itself. */
final class TorchDTypes {
  private static final EnumMap<DType, Integer> CODES = new EnumMap<>(DType.class);

  static {
    for (DType type : DType.values()) {
      CODES.put(type, ask(type));
    }
  }

  private TorchDTypes() {}

  private static int ask(DType type) {
    String name =
        switch (type) {
          case FP32 -> "float32";
          case BF16 -> "bfloat16";
          case FP16 -> "float16";
          case FP64 -> "float64";
          case I64 -> "int64";
          case I32 -> "int32";
          case U8 -> "uint8";
          case BOOL -> "bool";
        };
    try {
      return (int) TorchLibrary.bind("aoti_torch_dtype_" + name, Linking.int32()).invokeExact();
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
  }

  static int code(DType type) {
    return Objects.requireNonNull(CODES.get(type));
  }

  /**
   * Our name of LibTorch's number.
   *
   * @throws TorchException if we have none
   */
  static DType type(int code) {
    for (DType type : DType.values()) {
      if (code(type) == code) {
        return type;
      }
    }
    throw new TorchException("a tensor has LibTorch's element type " + code + ", which we lack");
  }
}
