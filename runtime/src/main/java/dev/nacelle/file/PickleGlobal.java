package dev.nacelle.file;

import org.jspecify.annotations.Nullable;

/** The globals that torch.save writes for a dict of tensors; every other one is refused. */
sealed interface PickleGlobal {
  /** Makes an ordered dict. */
  record OrderedDict() implements PickleGlobal {}

  /** Makes a tensor of storage, offset, shape and strides. */
  record RebuildTensor() implements PickleGlobal {}

  /** Makes a parameter, which is its tensor. */
  record RebuildParameter() implements PickleGlobal {}

  /** Names a storage's element type. */
  record Type(PickleStorage type) implements PickleGlobal {}

  /** Null for all others. */
  static @Nullable PickleGlobal of(String module, String name) {
    return switch (module + " " + name) {
      case "collections OrderedDict" -> new OrderedDict();
      case "torch._utils _rebuild_tensor_v2" -> new RebuildTensor();
      case "torch._utils _rebuild_parameter" -> new RebuildParameter();
      default -> module.equals("torch") ? type(name) : null;
    };
  }

  private static @Nullable PickleGlobal type(String name) {
    for (PickleStorage type : PickleStorage.values()) {
      if (type.name().equals(name)) {
        return new Type(type);
      }
    }
    return null;
  }
}
