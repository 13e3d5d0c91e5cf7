package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.List;

/** {@code "…%s…" % values}. */
final class PercentFormat {
  private final Meter meter;
  private final Printer printer;
  private final String template;
  private final Object values;
  private int position;
  private int used;

  PercentFormat(Meter meter, String template, Object values) {
    this.meter = meter;
    this.printer = new Printer(meter);
    this.template = template;
    this.values = values;
  }

  String format() {
    StringBuilder out = new StringBuilder();
    meter.steps(template.length() >> 2);
    while (position < template.length()) {
      char c = template.charAt(position++);
      if (c != '%') {
        out.append(c);
        continue;
      }
      String text = conversion();
      meter.text(text.length());
      out.append(text);
    }
    // Python only counts what a tuple or a lone value gave; anything with [] might be a mapping
    boolean counted =
        !(values instanceof DictValue
            || values instanceof Sequences.ListValue
            || values instanceof Sequences.RangeValue
            || values instanceof Undefined);
    int given = values instanceof TupleValue tuple ? tuple.items().size() : 1;
    if (counted && used < given) {
      throw Failure.type("not all arguments converted during string formatting");
    }
    return meter.made(out.toString());
  }

  private char peek() {
    if (position >= template.length()) {
      throw Failure.type("incomplete format");
    }
    return template.charAt(position);
  }

  private Object nextValue() {
    List<Object> items = values instanceof TupleValue tuple ? tuple.items() : List.of(values);
    if (used >= items.size()) {
      throw Failure.type("not enough arguments for format string");
    }
    return items.get(used++);
  }

  private String conversion() {
    Object value = null;
    if (peek() == '(') {
      value = named();
    }
    StringBuilder flags = new StringBuilder();
    while ("#0- +".indexOf(peek()) >= 0) {
      flags.append(template.charAt(position++));
    }
    String width = number();
    String precision = "";
    if (peek() == '.') {
      position++;
      precision = "." + number();
      if (precision.length() == 1) {
        precision = ".0";
      }
    }
    while ("hlL".indexOf(peek()) >= 0) {
      position++;
    }
    char type = template.charAt(position++);
    if (type == '%') {
      return "%";
    }
    if (value == null) {
      value = nextValue();
    }
    return convert(value, flags.toString(), width, precision, type);
  }

  private Object named() {
    int close = position;
    int depth = 0;
    do {
      if (close >= template.length()) {
        throw Failure.type("incomplete format key");
      }
      char c = template.charAt(close++);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    } while (depth > 0);
    String key = template.substring(position + 1, close - 1);
    position = close;
    if (!(values instanceof DictValue dict)) {
      throw Failure.type("format requires a mapping");
    }
    Object value = dict.get(key);
    if (value == null) {
      throw Failure.type(Printer.quote(key));
    }
    return value;
  }

  private String number() {
    StringBuilder digits = new StringBuilder();
    if (peek() == '*') {
      position++;
      long given = Types.index(nextValue());
      if (given < 0) {
        throw Failure.unsupported("a negative width in a format string");
      }
      return Long.toString(given);
    }
    while (peek() >= '0' && peek() <= '9') {
      digits.append(template.charAt(position++));
    }
    return digits.toString();
  }

  private String convert(Object value, String flags, String width, String precision, char type) {
    boolean left = flags.contains("-");
    return switch (type) {
      case 's' -> text(printer.str(value), left, width, precision);
      case 'r' -> text(printer.repr(value), left, width, precision);
      case 'c' -> text(character(value), left, width, "");
      case 'd', 'i', 'u', 'x', 'X', 'o', 'e', 'E', 'f', 'F', 'g', 'G' ->
          number(value, flags, width, precision, type);
      default -> throw Failure.type("unsupported format character '" + type + "'");
    };
  }

  private String character(Object value) {
    if (Types.isInteger(value)) {
      return FormatSpec.format(meter, Types.integer(value), "c");
    }
    if (!Types.isString(value) || Text.length(Types.text(value)) != 1) {
      throw Failure.type("%c requires int or char");
    }
    return Types.text(value);
  }

  private String text(String text, boolean left, String width, String precision) {
    return FormatSpec.format(meter, text, (left ? "<" : ">") + width + precision);
  }

  private String number(Object value, String flags, String width, String precision, char type) {
    boolean real = "eEfFgG".indexOf(type) >= 0;
    if (real || "diu".indexOf(type) >= 0) {
      Undefined.require(value);
    }
    if (!Types.isNumber(value) || ("xXo".indexOf(type) >= 0 && value instanceof Double)) {
      throw Failure.type(
          real
              ? "must be real number, not " + Types.name(value)
              : "%" + type + " format: a real number is required, not " + Types.name(value));
    }
    Object number = value;
    if (!real) {
      if (!precision.isEmpty()) {
        throw Failure.unsupported("a precision of integers in a format string");
      }
      number = value instanceof Double d ? (Object) truncate(d) : (Object) Types.integer(value);
    }
    String sign = flags.contains("+") ? "+" : flags.contains(" ") ? " " : "";
    boolean left = flags.contains("-");
    String zero = flags.contains("0") && !left ? "0" : "";
    String code = "iu".indexOf(type) >= 0 ? "d" : String.valueOf(type);
    String spec =
        (left ? "<" : "")
            + sign
            + (flags.contains("#") ? "#" : "")
            + zero
            + width
            + precision
            + code;
    return FormatSpec.format(meter, number, spec);
  }

  static long truncate(double value) {
    if (Double.isNaN(value)) {
      throw Failure.type("cannot convert float NaN to integer");
    }
    if (Double.isInfinite(value)) {
      throw Failure.type("cannot convert float infinity to integer");
    }
    if (Math.abs(value) >= 0x1p63) {
      throw Failure.unsupported("integers beyond 64 bits");
    }
    return (long) value;
  }
}
