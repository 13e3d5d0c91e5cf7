package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.ArrayList;
import java.util.List;

/** Arithmetic of Python on template values; integers are 64 bits wide, beyond that is refused. */
final class Operators {
  private final Meter meter;

  Operators(Meter meter) {

    this.meter = meter;
  }

  Object apply(String operator, Object left, Object right) {
    if (left instanceof Undefined undefined) {
      throw undefined.failure();
    }
    boolean formats = operator.equals("%") && Types.isString(left);
    if (right instanceof Undefined undefined && !formats) {
      if (left instanceof Markup && operator.equals("*")) {
        throw Failure.type("'Undefined' object cannot be interpreted as an integer");
      }
      throw undefined.failure();
    }
    if (formats) {
      if (left instanceof Markup) {
        throw Failure.unsupported("% on a string that was marked safe");
      }
      return new PercentFormat(meter, (String) left, right).format();
    }
    if (Types.isNumber(left) && Types.isNumber(right)) {
      return Types.isInteger(left) && Types.isInteger(right)
          ? integers(operator, Types.integer(left), Types.integer(right))
          : reals(operator, Types.real(left), Types.real(right));
    }
    Object result =
        switch (operator) {
          case "+" -> add(left, right);
          case "*" -> Types.isInteger(right) ? repeat(left, right) : repeat(right, left);
          default -> None.NONE;
        };
    if (result == None.NONE) {
      throw unsupported(operator, left, right);
    }
    return result;
  }

  private static Failure unsupported(String operator, Object left, Object right) {
    String shown = operator.equals("**") ? "** or pow()" : operator;
    return Failure.type(
        "unsupported operand type(s) for "
            + shown
            + ": '"
            + Types.name(left)
            + "' and '"
            + Types.name(right)
            + "'");
  }

  private Object add(Object left, Object right) {
    if (Types.isString(left) && Types.isString(right)) {
      boolean markup = left instanceof Markup || right instanceof Markup;
      String a = markup ? escaped(left) : (String) left;
      String b = markup ? escaped(right) : (String) right;
      meter.text((long) a.length() + b.length());
      return markup ? new Markup(a + b) : (Object) (a + b);
    }
    if (left instanceof ListValue a && right instanceof ListValue b) {
      return new ListValue(joined(a.items(), b.items()));
    }
    if (left instanceof TupleValue a && right instanceof TupleValue b) {
      return new TupleValue(joined(a.items(), b.items()));
    }
    if (left instanceof String) {
      throw Failure.type("can only concatenate str (not \"" + Types.name(right) + "\") to str");
    }
    if (left instanceof ListValue || left instanceof TupleValue) {
      String type = Types.name(left);
      throw Failure.type(
          "can only concatenate " + type + " (not \"" + Types.name(right) + "\") to " + type);
    }
    return None.NONE;
  }

  static String escaped(Object value) {
    return value instanceof Markup markup ? markup.text() : Text.escape((String) value);
  }

  private List<Object> joined(List<Object> left, List<Object> right) {
    meter.steps((long) left.size() + right.size());
    List<Object> out = new ArrayList<>(left.size() + right.size());
    out.addAll(left);
    out.addAll(right);
    return out;
  }

  private Object repeat(Object value, Object times) {
    if (!Types.isInteger(times)) {
      return None.NONE;
    }
    long count = Math.max(0, Types.integer(times));
    return switch (value) {
      case String v -> text(v, count);
      case Markup v -> new Markup(text(v.text(), count));
      case ListValue v -> new ListValue(items(v.items(), count));
      case TupleValue v -> new TupleValue(items(v.items(), count));
      default -> None.NONE;
    };
  }

  /** A text repeated, within the limits. */
  String text(String value, long count) {
    if (value.isEmpty() || count <= 0) {
      return "";
    }
    meter.text(count > Integer.MAX_VALUE ? Long.MAX_VALUE : count * value.length());
    return value.repeat((int) count);
  }

  private List<Object> items(List<Object> value, long count) {
    if (value.isEmpty()) {
      return List.of();
    }
    meter.steps(count > Integer.MAX_VALUE ? Long.MAX_VALUE : count * value.size());
    List<Object> out = new ArrayList<>((int) count * value.size());
    for (long i = 0; i < count; i++) {
      out.addAll(value);
    }
    return out;
  }

  private static Object integers(String operator, long a, long b) {
    try {
      return switch (operator) {
        case "+" -> Math.addExact(a, b);
        case "-" -> Math.subtractExact(a, b);
        case "*" -> Math.multiplyExact(a, b);
        case "/" -> (double) a / nonZero(b, "division by zero");
        case "//" -> {
          nonZero(b, "integer division or modulo by zero");
          yield a == Long.MIN_VALUE && b == -1 ? Math.negateExact(a) : Math.floorDiv(a, b);
        }
        case "%" -> Math.floorMod(a, nonZero(b, "integer modulo by zero"));
        case "**" -> b >= 0 ? (Object) power(a, b) : reals(operator, (double) a, (double) b);
        default -> throw new IllegalStateException(operator);
      };
    } catch (ArithmeticException e) {
      throw Failure.unsupported("integers beyond 64 bits");
    }
  }

  private static long nonZero(long divisor, String message) {
    if (divisor == 0) {
      throw Failure.type(message);
    }
    return divisor;
  }

  private static long power(long base, long exponent) {
    if (base == 0 || base == 1 || base == -1) {
      return exponent == 0 ? 1 : base == -1 && exponent % 2 == 0 ? 1 : base;
    }
    long result = 1;
    for (long i = 0; i < exponent; i++) {
      result = Math.multiplyExact(result, base);
    }
    return result;
  }

  private static Object reals(String operator, double a, double b) {
    if (b == 0 && List.of("/", "//", "%").contains(operator)) {
      throw Failure.type(
          switch (operator) {
            case "/" -> "float division by zero";
            case "//" -> "float floor division by zero";
            default -> "float modulo";
          });
    }
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / b;
      case "%" -> modulo(a, b);
      case "//" -> {
        double quotient = (a - modulo(a, b)) / b;
        double floor = Math.floor(quotient);
        yield quotient - floor > 0.5 ? floor + 1 : floor;
      }
      case "**" -> realPower(a, b);
      default -> throw new IllegalStateException(operator);
    };
  }

  private static double modulo(double a, double b) {
    double remainder = a % b;
    if (remainder != 0 && (b < 0) != (remainder < 0)) {
      return remainder + b;
    }
    return remainder == 0 ? Math.copySign(0.0, b) : remainder;
  }

  private static double realPower(double a, double b) {
    if (a == 0 && b < 0) {
      throw Failure.type("0.0 cannot be raised to a negative power");
    }
    if (a < 0 && b != Math.rint(b)) {
      throw Failure.unsupported("complex numbers");
    }
    double result = Math.pow(a, b);
    if (Double.isInfinite(result) && !Double.isInfinite(a) && !Double.isInfinite(b)) {
      throw Failure.type("(34, 'Numerical result out of range')");
    }
    return result;
  }

  static Object sign(String operator, Object value) {
    Undefined.require(value);
    if (!Types.isNumber(value)) {
      throw Failure.type(
          "bad operand type for unary " + operator + ": '" + Types.name(value) + "'");
    }
    boolean negative = operator.equals("-");
    if (value instanceof Double d) {
      return negative ? -d : d;
    }
    long integer = Types.integer(value);
    if (negative && integer == Long.MIN_VALUE) {
      throw Failure.unsupported("integers beyond 64 bits");
    }
    return negative ? -integer : integer;
  }
}
