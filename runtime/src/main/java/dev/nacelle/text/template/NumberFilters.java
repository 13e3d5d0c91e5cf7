package dev.nacelle.text.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Filters about numbers. */
final class NumberFilters {
  private NumberFilters() {}

  static void register(Map<String, Filters.Filter> filters) {
    filters.put("abs", (s, value, a) -> absolute(value));
    filters.put("int", NumberFilters::integer);
    filters.put("float", NumberFilters::real);
    filters.put("round", NumberFilters::round);
  }

  private static Object absolute(Object value) {
    if (value instanceof Double d) {
      return Math.abs(d);
    }
    if (!Types.isInteger(value)) {
      throw Failure.type("bad operand type for abs(): '" + Types.name(value) + "'");
    }
    long integer = Types.integer(value);
    return integer < 0 ? Operators.sign("-", integer) : integer;
  }

  private static Object integer(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("int", 0, "default", "base");
    Undefined.require(value);
    Object fallback = bound.get(0, 0L);
    if (Types.isInteger(value)) {
      return Types.integer(value);
    }
    Double real = null;
    if (value instanceof Double d) {
      real = d;
    } else if (Types.isString(value)) {
      Long parsed = parseInteger(Types.text(value), bound.integer(1, 10));
      if (parsed != null) {
        return parsed;
      }
      real = parseReal(Types.text(value));
    }
    if (real == null || real.isNaN() || real.isInfinite()) {
      return fallback;
    }
    return PercentFormat.truncate(real);
  }

  private static @Nullable Long parseInteger(String text, long base) {
    String digits = Text.stripStart(Text.stripEnd(text)).toLowerCase(Locale.ROOT);
    boolean negative = digits.startsWith("-");
    if (negative || digits.startsWith("+")) {
      digits = digits.substring(1);
    }
    String prefix = digits.length() > 2 ? digits.substring(0, 2) : "";
    long prefixed =
        switch (prefix) {
          case "0x" -> 16;
          case "0o" -> 8;
          case "0b" -> 2;
          default -> 0;
        };
    long radix = base;
    if (prefixed > 0 && (base == 0 || base == prefixed)) {
      radix = prefixed;
      digits = digits.substring(digits.charAt(2) == '_' ? 3 : 2);
    } else if (base == 0) {
      radix = 10;
      if (digits.length() > 1 && digits.startsWith("0")) {
        return digits.chars().allMatch(c -> c == '0' || c == '_') ? 0L : null;
      }
    }
    if (radix < 2 || radix > 36 || !separated(digits)) {
      return null;
    }
    String plain = digits.replace("_", "");
    if (plain.isEmpty()) {
      return null;
    }
    long result = 0;
    for (int c : plain.codePoints().toArray()) {
      int digit = Character.digit(c, (int) radix);
      if (digit < 0) {
        return null;
      }
      if (result > (Long.MAX_VALUE - digit) / radix) {
        throw Failure.unsupported("integers beyond 64 bits");
      }
      result = result * radix + digit;
    }
    return negative ? -result : result;
  }

  /** Whether underscores stand only between digits. */
  private static boolean separated(String digits) {
    return !digits.startsWith("_") && !digits.endsWith("_") && !digits.contains("__");
  }

  private static @Nullable Double parseReal(String text) {
    if (text.length() > 5_000) {
      throw Failure.unsupported("a float of more than 5000 digits");
    }
    String number = Text.stripStart(Text.stripEnd(text)).toLowerCase(Locale.ROOT);
    String magnitude =
        number.startsWith("-") || number.startsWith("+") ? number.substring(1) : number;
    double sign = number.startsWith("-") ? -1 : 1;
    if (magnitude.equals("inf") || magnitude.equals("infinity")) {
      return sign * Double.POSITIVE_INFINITY;
    }
    if (magnitude.equals("nan")) {
      return Double.NaN;
    }
    // Java's own parser also takes suffixes and hexadecimal floats, which Python's does not
    if (!magnitude.chars().allMatch(c -> "0123456789.e+-_".indexOf(c) >= 0)
        || !separated(magnitude)
        || magnitude.matches(".*(_[^0-9]|[^0-9]_).*")) {
      return null;
    }
    try {
      return sign * Double.parseDouble(magnitude.replace("_", ""));
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static Object real(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("float", 0, "default");
    Undefined.require(value);
    if (Types.isNumber(value)) {
      return Types.real(value);
    }
    Double parsed = Types.isString(value) ? parseReal(Types.text(value)) : null;
    return parsed == null ? bound.get(0, 0.0) : parsed;
  }

  private static Object round(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("round", 0, "precision", "method");
    String method = bound.has(1) ? bound.text(1) : "common";
    long precision = bound.integer(0, 0);
    if (!List.of("common", "ceil", "floor").contains(method)) {
      throw Failure.type("method must be common, ceil or floor");
    }
    if (!Types.isNumber(value)) {
      throw Failure.type("type " + Types.name(value) + " doesn't define __round__ method");
    }
    session.meter().steps(400);
    if (Math.abs(precision) > 400) {
      throw Failure.unsupported("round to more than 400 places");
    }
    if (method.equals("ceil") || method.equals("floor")) {
      double scale = Math.pow(10, (double) precision);
      double scaled = Types.real(value) * scale;
      return (method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)) / scale;
    }
    if (value instanceof Double d) {
      if (d.isNaN() || d.isInfinite() || d == 0) {
        return d;
      }
      double rounded =
          new BigDecimal(d).setScale((int) precision, RoundingMode.HALF_EVEN).doubleValue();
      return Math.copySign(rounded, d);
    }
    BigDecimal rounded =
        BigDecimal.valueOf(Types.integer(value))
            .setScale((int) Math.min(0, precision), RoundingMode.HALF_EVEN);
    return rounded.longValueExact();
  }
}
