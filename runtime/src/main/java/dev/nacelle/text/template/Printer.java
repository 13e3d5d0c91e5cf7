package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.RangeValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import dev.nacelle.text.template.Sequences.ViewValue;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Iterator;
import java.util.List;

/** Python's {@code str} and {@code repr} of values. */
final class Printer {
  private final Meter meter;

  Printer(Meter meter) {
    this.meter = meter;
  }

  String str(Object value) {
    return switch (value) {
      case String v -> v;
      case Markup v -> v.text();
      case Undefined v -> "";
      default -> repr(value);
    };
  }

  String repr(Object value) {
    StringBuilder out = new StringBuilder();
    append(out, value);
    return meter.made(out.toString());
  }

  private void append(StringBuilder out, Object value) {
    meter.step();
    if (out.length() > Meter.LONGEST) {
      meter.text(out.length());
    }
    switch (value) {
      case String v -> out.append(quote(v));
      case Markup v -> out.append("Markup(").append(quote(v.text())).append(')');
      case Boolean v -> out.append(v ? "True" : "False");
      case Long v -> out.append((long) v);
      case Double v -> out.append(real(v));
      case None v -> out.append("None");
      case Undefined v -> out.append("Undefined");
      case ListValue v -> items(out, "[", v.items(), "]");
      case TupleValue v -> items(out, "(", v.items(), v.items().size() == 1 ? ",)" : ")");
      case ViewValue v -> items(out, v.type() + "([", v.items(), "])");
      case DictValue v -> dict(out, v);
      case RangeValue v -> range(out, v);
      case Namespace v -> {
        out.append("<Namespace ");
        nested(out, v.attributes());
        out.append('>');
      }
      case Callable v -> out.append(v.describe());
      default -> throw Failure.unsupported("the text of a " + Types.name(value));
    }
  }

  private void nested(StringBuilder out, Object value) {
    meter.enter();
    append(out, value);
    meter.leave();
  }

  private void items(StringBuilder out, String open, List<Object> items, String close) {
    out.append(open);
    String separator = "";
    for (Object item : items) {
      out.append(separator);
      nested(out, item);
      separator = ", ";
    }
    out.append(close);
  }

  private void dict(StringBuilder out, DictValue dict) {
    out.append('{');
    Iterator<DictValue.Entry> entries = dict.entries().iterator();
    while (entries.hasNext()) {
      DictValue.Entry entry = entries.next();
      nested(out, entry.key());
      out.append(": ");
      nested(out, entry.value());
      if (entries.hasNext()) {
        out.append(", ");
      }
    }
    out.append('}');
  }

  private static void range(StringBuilder out, RangeValue range) {
    out.append("range(").append(range.start()).append(", ").append(range.stop());
    if (range.step() != 1) {
      out.append(", ").append(range.step());
    }
    out.append(')');
  }

  /** Python's repr of a string: single quotes unless it holds them and no double ones. */
  static String quote(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder out = new StringBuilder(text.length() + 2);
    out.append(quote);
    text.codePoints().forEach(c -> character(out, c, quote));
    return out.append(quote).toString();
  }

  private static void character(StringBuilder out, int c, char quote) {
    switch (c) {
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      case '\\' -> out.append("\\\\");
      default -> {
        if (c == quote) {
          out.append('\\').append(quote);
        } else if (isPrintable(c)) {
          out.appendCodePoint(c);
        } else if (c < 0x100) {
          hex(out.append("\\x"), c, 2);
        } else if (c < 0x10000) {
          hex(out.append("\\u"), c, 4);
        } else {
          hex(out.append("\\U"), c, 8);
        }
      }
    }
  }

  private static void hex(StringBuilder out, int c, int digits) {
    String text = Integer.toHexString(c);
    out.repeat("0", digits - text.length()).append(text);
  }

  static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> c == ' ';
      default -> true;
    };
  }

  private static BigDecimal shortest(double value) {
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    if (decimal.precision() == 2) {
      // Java writes two digits at least, also where one is enough (4.9E-324)
      BigDecimal one = decimal.round(new MathContext(1));
      return one.doubleValue() == value ? one : decimal;
    }
    return decimal;
  }

  /** The shortest digits that give the float back, laid out as Python does. */
  static String real(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    BigDecimal decimal = shortest(value);
    int exponent = decimal.precision() - decimal.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = decimal.toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String digits = decimal.unscaledValue().abs().toString();
    StringBuilder out = new StringBuilder(value < 0 ? "-" : "").append(digits.charAt(0));
    if (digits.length() > 1) {
      out.append('.').append(digits, 1, digits.length());
    }
    out.append('e').append(exponent < 0 ? '-' : '+');
    if (Math.abs(exponent) < 10) {
      out.append('0');
    }
    return out.append(Math.abs(exponent)).toString();
  }
}
