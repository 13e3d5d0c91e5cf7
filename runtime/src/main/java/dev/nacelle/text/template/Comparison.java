package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.RangeValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import dev.nacelle.text.template.Sequences.ViewValue;
import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Equality, order and membership, as Python has them. */
final class Comparison {
  private final Meter meter;

  Comparison(Meter meter) {
    this.meter = meter;
  }

  boolean test(String operator, Object left, Object right) {
    return switch (operator) {
      case "==" -> equal(left, right);
      case "!=" -> !equal(left, right);
      case "in" -> contains(right, left);
      case "not in" -> !contains(right, left);
      default -> ordered(operator, left, right);
    };
  }

  /** Python's {@code is}: its containers take what is identical for equal without asking. */
  @SuppressWarnings("ReferenceEquality")
  static boolean identical(Object a, Object b) {
    return a == b;
  }

  boolean equal(Object a, Object b) {
    meter.step();
    if (Types.isNumber(a) && Types.isNumber(b)) {
      return numbers(a, b) == 0;
    }
    if (Types.isString(a) && Types.isString(b)) {
      meter.scan(a);
      return Types.text(a).equals(Types.text(b));
    }
    return switch (a) {
      case ListValue x -> b instanceof ListValue y && equalItems(x.items(), y.items());
      case TupleValue x -> b instanceof TupleValue y && equalItems(x.items(), y.items());
      case DictValue x -> b instanceof DictValue y && equalDicts(x, y);
      case RangeValue x -> b instanceof RangeValue y && equalRanges(x, y);
      case Undefined x -> b instanceof Undefined;
      case None x -> b == None.NONE;
      case ViewValue x -> {
        if (b instanceof ViewValue) {
          throw Failure.unsupported("comparing views of dicts");
        }
        yield false;
      }
      default -> identical(a, b);
    };
  }

  private boolean equalItems(List<Object> a, List<Object> b) {
    if (a.size() != b.size()) {
      return false;
    }
    Iterator<Object> others = b.iterator();
    for (Object item : a) {
      Object other = others.next();
      if (!identical(item, other) && !nestedEqual(item, other)) {
        return false;
      }
    }
    return true;
  }

  private boolean nestedEqual(Object a, Object b) {
    meter.enter();
    boolean result = equal(a, b);
    meter.leave();
    return result;
  }

  private boolean equalDicts(DictValue a, DictValue b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (DictValue.Entry entry : a.entries()) {
      Object other = b.get(entry.key());
      if (other == null
          || (!identical(other, entry.value()) && !nestedEqual(entry.value(), other))) {
        return false;
      }
    }
    return true;
  }

  private static boolean equalRanges(RangeValue a, RangeValue b) {
    int count = a.count();
    return count == b.count()
        && (count == 0 || (a.start() == b.start() && (count == 1 || a.step() == b.step())));
  }

  /** Sign of a − b; NaN differs from everything and is never less or more. */
  private static int numbers(Object a, Object b) {
    if (Types.isInteger(a) && Types.isInteger(b)) {
      return Long.compare(Types.integer(a), Types.integer(b));
    }
    double x = Types.real(a);
    double y = Types.real(b);
    if (x == y && Math.abs(x) > 1L << 53 && !Double.isInfinite(x)) {
      return exact(a).compareTo(exact(b));
    }
    return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
  }

  private static BigDecimal exact(Object number) {
    return number instanceof Double d
        ? new BigDecimal(d)
        : BigDecimal.valueOf(Types.integer(number));
  }

  boolean ordered(String operator, Object a, Object b) {
    Undefined.require(a);
    Undefined.require(b);
    if (Types.isNumber(a) && Types.isNumber(b)) {
      int sign = numbers(a, b);
      return sign != 2 && holds(operator, sign);
    }
    if (Types.isString(a) && Types.isString(b)) {
      meter.scan(a);
      return holds(operator, codePointOrder(Types.text(a), Types.text(b)));
    }
    List<Object> x = items(a);
    List<Object> y = items(b);
    if (x != null && y != null && a.getClass() == b.getClass()) {
      for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
        if (!identical(x.get(i), y.get(i)) && !nestedEqual(x.get(i), y.get(i))) {
          meter.enter();
          boolean result = ordered(operator, x.get(i), y.get(i));
          meter.leave();
          return result;
        }
      }
      return holds(operator, Integer.compare(x.size(), y.size()));
    }
    throw Failure.type(
        "'"
            + operator
            + "' not supported between instances of '"
            + Types.name(a)
            + "' and '"
            + Types.name(b)
            + "'");
  }

  private static @Nullable List<Object> items(Object value) {
    return switch (value) {
      case ListValue v -> v.items();
      case TupleValue v -> v.items();
      default -> null;
    };
  }

  private static boolean holds(String operator, int sign) {
    return switch (operator) {
      case "<" -> sign < 0;
      case "<=" -> sign <= 0;
      case ">" -> sign > 0;
      case ">=" -> sign >= 0;
      default -> throw new IllegalStateException(operator);
    };
  }

  /** Order by code points, which differs from UTF-16's beyond the basic plane. */
  static int codePointOrder(String a, String b) {
    int shared = Math.min(a.length(), b.length());
    for (int i = 0; i < shared; i++) {
      if (a.charAt(i) != b.charAt(i)) {
        boolean surrogates =
            Character.isSurrogate(a.charAt(i)) != Character.isSurrogate(b.charAt(i));
        int order = Character.compare(a.charAt(i), b.charAt(i));
        return surrogates ? (Character.isSurrogate(a.charAt(i)) ? 1 : -1) : order;
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  boolean contains(Object container, Object item) {
    if (Types.isString(container)) {
      if (Types.isString(item)) {
        meter.search(Types.text(container), Types.text(item));
        return Types.text(container).contains(Types.text(item));
      }
      throw Failure.type("'in <string>' requires string as left operand, not " + Types.name(item));
    }
    if (container instanceof DictValue dict) {
      return dict.get(item) != null;
    }
    if (!Types.isIterable(container)) {
      throw Failure.type("argument of type '" + Types.name(container) + "' is not iterable");
    }
    Iterator<Object> items = Types.iterate(container);
    while (items.hasNext()) {
      Object candidate = items.next();
      if (identical(candidate, item) || equal(candidate, item)) {
        return true;
      }
    }
    return false;
  }
}
