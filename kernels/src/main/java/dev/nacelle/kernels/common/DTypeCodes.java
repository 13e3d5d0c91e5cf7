package dev.nacelle.kernels.common;

import dev.nacelle.nativeaccess.DType;

/** The numbers that the C code knows element types by (NK_FP32 … in nk.h). */
public final class DTypeCodes {
  private DTypeCodes() {}

  /**
   * @throws IllegalArgumentException for a type that no C kernel takes
   */
  public static int of(DType dtype) {
    return switch (dtype) {
      case FP32 -> 0;
      case BF16 -> 1;
      case FP16 -> 2;
      case I64 -> 4;
      case I32 -> 5;
      case FP64, U8, BOOL ->
          throw new IllegalArgumentException("the C kernels do not take " + dtype.label());
    };
  }
}
