package dev.nacelle.file;

import dev.nacelle.nativeaccess.DType;

/** Storages of elements that adapters are trained in. */
enum PickleStorage {
  FloatStorage("F32", DType.FP32),
  DoubleStorage("F64", DType.FP64),
  HalfStorage("F16", DType.FP16),
  BFloat16Storage("BF16", DType.BF16);

  private final String label;
  private final DType dtype;

  PickleStorage(String label, DType dtype) {
    this.label = label;
    this.dtype = dtype;
  }

  /** As safetensors spells it. */
  String label() {
    return label;
  }

  DType dtype() {
    return dtype;
  }
}
