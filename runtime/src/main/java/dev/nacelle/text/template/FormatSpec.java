package dev.nacelle.text.template;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/**
 * Python's format specification: {@code [[fill]align][sign][#][0][width][,_][.precision][type]}.
 */
final class FormatSpec {
  private static final int MAX_PRECISION = 1_000;

  private final Meter meter;
  private String fill = " ";
  private char align;
  private char sign = '-';
  private boolean alternate;
  private long width;
  private char grouping;
  private int precision = -1;
  private char type;

  private FormatSpec(Meter meter) {
    this.meter = meter;
  }

  static String format(Meter meter, Object value, String spec) {
    FormatSpec parsed = new FormatSpec(meter);
    parsed.parse(spec);
    return parsed.apply(value);
  }

  private void parse(String spec) {
    int i = 0;
    int first = spec.isEmpty() ? 0 : Character.charCount(spec.codePointAt(0));
    if (spec.length() > first && "<>=^".indexOf(spec.charAt(first)) >= 0 && first > 0) {
      fill = spec.substring(0, first);
      align = spec.charAt(first);
      i = first + 1;
    } else if (!spec.isEmpty() && "<>=^".indexOf(spec.charAt(0)) >= 0) {
      align = spec.charAt(0);
      i = 1;
    }
    if (i < spec.length() && "+- ".indexOf(spec.charAt(i)) >= 0) {
      sign = spec.charAt(i++);
    }
    if (i < spec.length() && spec.charAt(i) == '#') {
      alternate = true;
      i++;
    }
    if (i < spec.length() && spec.charAt(i) == '0') {
      if (align == 0) {
        fill = "0";
        align = '=';
      }
      i++;
    }
    int digits = i;
    while (i < spec.length() && Character.isDigit(spec.charAt(i))) {
      i++;
    }
    width = number(spec, digits, i, 0);
    if (i < spec.length() && ",_".indexOf(spec.charAt(i)) >= 0) {
      grouping = spec.charAt(i++);
    }
    if (i < spec.length() && spec.charAt(i) == '.') {
      digits = ++i;
      while (i < spec.length() && Character.isDigit(spec.charAt(i))) {
        i++;
      }
      precision = (int) number(spec, digits, i, -1);
      if (precision < 0) {
        throw Failure.type("Format specifier missing precision");
      }
    }
    if (i < spec.length()) {
      type = spec.charAt(i++);
    }
    if (i < spec.length()) {
      throw Failure.type("Invalid format specifier");
    }
  }

  private static long number(String spec, int from, int to, long missing) {
    if (from == to) {
      return missing;
    }
    if (to - from > 9) {
      throw Failure.limit("a width or precision of more than nine digits");
    }
    return Long.parseLong(spec.substring(from, to));
  }

  private String apply(Object value) {
    if (Types.isString(value)) {
      return string(Types.text(value));
    }
    if (Types.isInteger(value) && "eEfFgG%".indexOf(type) < 0) {
      return integer(Types.integer(value));
    }
    if (Types.isNumber(value)) {
      return real(Types.real(value));
    }
    throw Failure.type("unsupported format string passed to " + Types.name(value) + ".__format__");
  }

  private String string(String text) {
    if ((type != 0 && type != 's') || align == '=' || sign != '-' || grouping != 0) {
      if (align == '=' && fill.equals("0") && type == 0) {
        align = '<';
      } else {
        throw Failure.type("Invalid format specifier for a string");
      }
    }
    String cut =
        precision >= 0 && precision < Text.length(text)
            ? text.substring(0, Text.offset(text, precision))
            : text;
    return pad("", cut, '<');
  }

  private String integer(long value) {
    if (precision >= 0) {
      throw Failure.type("Precision not allowed in integer format specifier");
    }
    long magnitude = Math.abs(value);
    if (magnitude < 0) {
      throw Failure.unsupported("formatting the smallest integer");
    }
    String digits;
    switch (type) {
      case 0, 'd', 'n' -> digits = group(Long.toString(magnitude), 3);
      case 'b' -> digits = prefix("0b") + group(Long.toBinaryString(magnitude), 4);
      case 'o' -> digits = prefix("0o") + group(Long.toOctalString(magnitude), 4);
      case 'x' -> digits = prefix("0x") + group(Long.toHexString(magnitude), 4);
      case 'X' ->
          digits = prefix("0X") + group(Long.toHexString(magnitude).toUpperCase(Locale.ROOT), 4);
      case 'c' -> {
        if (!Character.isValidCodePoint((int) value) || value != (int) value) {
          throw Failure.type("%c arg not in range(0x110000)");
        }
        return pad("", Character.toString((int) value), '<');
      }
      default -> throw Failure.type("Unknown format code '" + type + "' for object of type 'int'");
    }
    return pad(sign(value < 0), digits, '>');
  }

  private String prefix(String text) {
    return alternate ? text : "";
  }

  private String sign(boolean negative) {
    return negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
  }

  private String group(String digits, int size) {
    if (grouping == 0) {
      return digits;
    }
    if (fill.equals("0") && align == '=' && width > 0) {
      throw Failure.unsupported("grouping of digits together with zero filling");
    }
    StringBuilder out = new StringBuilder(digits);
    for (int i = digits.length() - size; i > 0; i -= size) {
      out.insert(i, grouping);
    }
    return out.toString();
  }

  private String real(double value) {
    boolean negative = value < 0 || (value == 0 && 1 / value < 0);
    double magnitude = Math.abs(value);
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      String text = Double.isNaN(value) ? "nan" : "inf";
      boolean upper = Character.isUpperCase(type);
      String shown = upper ? text.toUpperCase(Locale.ROOT) : text;
      return pad(sign(negative), shown + (type == '%' ? "%" : ""), '>');
    }
    if (alternate) {
      throw Failure.unsupported("the flag # for floats");
    }
    if (precision > MAX_PRECISION) {
      throw Failure.limit("a precision of more than " + MAX_PRECISION);
    }
    // exact decimals of a float have up to a thousand digits
    meter.steps(1_000);
    int places = precision < 0 ? 6 : precision;
    String body =
        switch (type) {
          case 'f', 'F' -> fixed(magnitude, places);
          case '%' -> fixed(magnitude * 100, places) + "%";
          case 'e' -> scientific(magnitude, places);
          case 'E' -> scientific(magnitude, places).toUpperCase(Locale.ROOT);
          case 'g', 'n' -> general(magnitude, places, false);
          case 'G' -> general(magnitude, places, false).toUpperCase(Locale.ROOT);
          case 0 -> precision < 0 ? Printer.real(magnitude) : general(magnitude, places, true);
          default ->
              throw Failure.type("Unknown format code '" + type + "' for object of type 'float'");
        };
    int whole = 0;
    while (whole < body.length() && Character.isDigit(body.charAt(whole))) {
      whole++;
    }
    return pad(sign(negative), group(body.substring(0, whole), 3) + body.substring(whole), '>');
  }

  static String fixed(double magnitude, int places) {
    if (Double.isInfinite(magnitude)) {
      return "inf";
    }
    return new BigDecimal(magnitude).setScale(places, RoundingMode.HALF_EVEN).toPlainString();
  }

  private static String scientific(double magnitude, int places) {
    BigDecimal exact = new BigDecimal(magnitude);
    BigDecimal rounded =
        magnitude == 0 ? exact : exact.round(new MathContext(places + 1, RoundingMode.HALF_EVEN));
    int exponent = magnitude == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
    String digits = rounded.movePointLeft(exponent).setScale(places).toPlainString();
    String shown = Integer.toString(Math.abs(exponent));
    return digits + "e" + (exponent < 0 ? "-" : "+") + (shown.length() < 2 ? "0" : "") + shown;
  }

  private static String general(double magnitude, int precision, boolean keepPoint) {
    int significant = Math.max(1, precision);
    if (magnitude == 0) {
      return keepPoint ? "0.0" : "0";
    }
    BigDecimal rounded =
        new BigDecimal(magnitude).round(new MathContext(significant, RoundingMode.HALF_EVEN));
    int exponent = rounded.precision() - rounded.scale() - 1;
    // without a type code the exponent form begins one digit earlier, so that ".0" has a place
    int limit = keepPoint ? significant - 1 : significant;
    if (exponent >= -4 && exponent < Math.max(limit, keepPoint ? 1 : limit)) {
      String plain = rounded.stripTrailingZeros().toPlainString();
      return keepPoint && plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String text = scientific(magnitude, significant - 1);
    int e = text.indexOf('e');
    String digits = text.substring(0, e);
    if (digits.indexOf('.') >= 0) {
      digits = Text.strip(Text.strip(digits, "0", false, true), ".", false, true);
    }
    return digits + text.substring(e);
  }

  private String pad(String lead, String body, char natural) {
    long missing = width - Text.length(lead) - Text.length(body);
    if (missing <= 0) {
      return lead + body;
    }
    meter.text(missing * fill.length());
    int count = (int) missing;
    return switch (align == 0 ? natural : align) {
      case '<' -> lead + body + fill.repeat(count);
      case '^' -> fill.repeat(count / 2) + lead + body + fill.repeat(count - count / 2);
      case '=' -> lead + fill.repeat(count) + body;
      default -> fill.repeat(count) + lead + body;
    };
  }
}
