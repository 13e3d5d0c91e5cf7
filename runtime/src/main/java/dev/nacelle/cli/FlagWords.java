package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The words that flags take. */
final class FlagWords {
  private FlagWords() {}

  /** fp32 or bf16. */
  static DType computeType(String name) {
    return switch (name) {
      case "fp32" -> DType.FP32;
      case "bf16" -> DType.BF16;
      default ->
          throw NacelleException.usage(
              "--dtype " + name + " is not possible", "choose fp32 or bf16");
    };
  }

  static boolean isOn(String flag, String value) {
    require(value.equals("on") || value.equals("off"), flag + " " + value, "choose on or off");
    return value.equals("on");
  }

  /** The constant of an enum that a flag names, in lower case. */
  static <E extends Enum<E>> E choice(String flag, String value, Class<E> type) {
    List<String> names = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      String name = constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
      if (name.equals(value)) {
        return constant;
      }
      names.add(name);
    }
    throw NacelleException.usage(
        flag + " " + value + " is not possible", "choose " + String.join(" or ", names));
  }

  /** Ends the command with what is not possible, and what is instead. */
  static void require(boolean holds, String what, String instead) {
    if (!holds) {
      throw NacelleException.usage(what + " is not possible", instead);
    }
  }
}
