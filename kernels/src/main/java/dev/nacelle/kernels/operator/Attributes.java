package dev.nacelle.kernels.operator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The attributes of one call: what was given, checked, and the defaults of the rest. */
public final class Attributes {
  private final Map<String, String> texts;

  private Attributes(Map<String, String> texts) {
    this.texts = texts;
  }

  /**
   * Reads what was given for an operator.
   *
   * @throws OperatorUsageException for an unknown attribute, or a value out of its range
   */
  public static Attributes of(
      String operator, List<AttributeSpec> specs, Map<String, String> given) {
    Map<String, String> texts = new HashMap<>();
    Map<String, AttributeSpec> known =
        specs.stream().collect(Collectors.toMap(AttributeSpec::name, s -> s));
    for (Map.Entry<String, String> entry : given.entrySet()) {
      AttributeSpec spec = known.get(entry.getKey());
      if (spec == null) {
        throw new OperatorUsageException(
            operator
                + " has no attribute '"
                + entry.getKey()
                + "'; it has "
                + (specs.isEmpty()
                    ? "none"
                    : specs.stream().map(AttributeSpec::name).collect(Collectors.joining(", "))));
      }
      texts.put(spec.name(), checked(operator, spec, entry.getValue().strip()));
    }
    for (AttributeSpec spec : specs) {
      if (!texts.containsKey(spec.name())) {
        String text = spec.defaultText();
        if (text == null) {
          throw new OperatorUsageException(
              operator + " needs the attribute '" + spec.name() + "': " + spec.range());
        }
        texts.put(spec.name(), text);
      }
    }
    return new Attributes(texts);
  }

  private static String checked(String operator, AttributeSpec spec, String text) {
    if (spec.noneAllowed() && text.equals("none")) {
      return text;
    }
    boolean fits =
        switch (spec.type()) {
          case BOOLEAN, CHOICE -> spec.choices().contains(text);
          case REAL, INTEGER -> inRange(spec, text);
        };
    if (!fits) {
      throw new OperatorUsageException(
          operator
              + ": attribute '"
              + spec.name()
              + "' must be "
              + spec.range()
              + ", given '"
              + text
              + "'");
    }
    return text;
  }

  private static boolean inRange(AttributeSpec spec, String text) {
    double value;
    try {
      value =
          spec.type() == AttributeSpec.Type.INTEGER
              ? Long.parseLong(text)
              : Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return false;
    }
    boolean low = spec.aboveLeast() ? value > spec.least() : value >= spec.least();
    boolean high = spec.belowMost() ? value < spec.most() : value <= spec.most();
    return low && high && Math.abs(value) <= Float.MAX_VALUE;
  }

  /** The text that was given, or the default's. */
  public String text(String name) {
    String text = texts.get(name);
    if (text == null) {
      throw new IllegalStateException("no attribute is called '" + name + "'");
    }
    return text;
  }

  /** Whether the value is {@code none}. */
  public boolean isNone(String name) {
    return text(name).equals("none");
  }

  public double real(String name) {
    return Double.parseDouble(text(name));
  }

  public long integer(String name) {
    return Long.parseLong(text(name));
  }

  public boolean flag(String name) {
    return Boolean.parseBoolean(text(name));
  }
}
