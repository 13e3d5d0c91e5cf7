package dev.nacelle.text.template;

import dev.nacelle.text.template.Callable.Builtin;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The few attributes of numbers. */
final class NumberMethods {
  private static final Set<String> NOT_DONE =
      Set.of(
          "as_integer_ratio",
          "bit_count",
          "bit_length",
          "conjugate",
          "denominator",
          "from_bytes",
          "fromhex",
          "hex",
          "imag",
          "numerator",
          "real",
          "to_bytes");

  private NumberMethods() {}

  static @Nullable Object find(Object number, String name) {
    if (name.equals("is_integer") && number instanceof Double value) {
      return new Builtin(name, (session, arguments) -> value == Math.rint(value));
    }
    if (NOT_DONE.contains(name)) {
      throw Failure.unsupported("the attribute '" + name + "' of a number");
    }
    return null;
  }
}
