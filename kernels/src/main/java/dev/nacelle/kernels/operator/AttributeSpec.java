package dev.nacelle.kernels.operator;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One attribute: its type, default and range. Values come as text, from a command line or a file.
 *
 * @param defaultText what holds where nothing is given; null makes the attribute required
 * @param least smallest value of a number
 * @param aboveLeast whether {@code least} itself is out of range
 * @param most largest value of a number
 * @param belowMost whether {@code most} itself is out of range
 * @param choices the words of a choice; empty otherwise
 * @param noneAllowed whether {@code none} says that the thing is absent
 */
public record AttributeSpec(
    String name,
    Type type,
    @Nullable String defaultText,
    double least,
    boolean aboveLeast,
    double most,
    boolean belowMost,
    List<String> choices,
    boolean noneAllowed) {

  /** What the text of a value is read as. */
  public enum Type {
    REAL,
    INTEGER,
    BOOLEAN,
    CHOICE;

    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A real number that is finite in fp32. */
  public static AttributeSpec real(String name, String defaultText) {
    return new AttributeSpec(
        name,
        Type.REAL,
        defaultText,
        Double.NEGATIVE_INFINITY,
        false,
        Double.POSITIVE_INFINITY,
        false,
        List.of(),
        false);
  }

  /** A whole number of at least {@code least}; required where there is no default. */
  public static AttributeSpec integer(String name, @Nullable String defaultText, long least) {
    return new AttributeSpec(
        name,
        Type.INTEGER,
        defaultText,
        least,
        false,
        Double.POSITIVE_INFINITY,
        false,
        List.of(),
        false);
  }

  /** {@code true} or {@code false}. */
  public static AttributeSpec flag(String name, boolean defaultValue) {
    return new AttributeSpec(
        name,
        Type.BOOLEAN,
        Boolean.toString(defaultValue),
        0,
        false,
        0,
        false,
        List.of("true", "false"),
        false);
  }

  /** One of some words. */
  public static AttributeSpec choice(String name, String defaultText, String... choices) {
    return new AttributeSpec(
        name, Type.CHOICE, defaultText, 0, false, 0, false, List.of(choices), false);
  }

  /** The same attribute without a default: a call must give it. */
  public AttributeSpec required() {
    return new AttributeSpec(
        name, type, null, least, aboveLeast, most, belowMost, choices, noneAllowed);
  }

  /** The same attribute with a smallest value. */
  public AttributeSpec atLeast(double bound) {
    return new AttributeSpec(
        name, type, defaultText, bound, false, most, belowMost, choices, noneAllowed);
  }

  /** The same attribute, above a bound. */
  public AttributeSpec above(double bound) {
    return new AttributeSpec(
        name, type, defaultText, bound, true, most, belowMost, choices, noneAllowed);
  }

  /** The same attribute with a largest value. */
  public AttributeSpec atMost(double bound) {
    return new AttributeSpec(
        name, type, defaultText, least, aboveLeast, bound, false, choices, noneAllowed);
  }

  /** The same attribute, below a bound. */
  public AttributeSpec below(double bound) {
    return new AttributeSpec(
        name, type, defaultText, least, aboveLeast, bound, true, choices, noneAllowed);
  }

  /** The same attribute, and {@code none} is a value. */
  public AttributeSpec orNone() {
    return new AttributeSpec(
        name, type, defaultText, least, aboveLeast, most, belowMost, choices, true);
  }

  /** The range in words, for help pages and errors: {@code a number above 0, or none}. */
  public String range() {
    String words =
        switch (type) {
          case BOOLEAN -> "true or false";
          case CHOICE -> choices.stream().collect(Collectors.joining(", ", "one of ", ""));
          case REAL -> "a finite number" + bounds(false);
          case INTEGER -> "a whole number" + bounds(true);
        };
    return noneAllowed ? words + ", or none" : words;
  }

  private String bounds(boolean whole) {
    StringBuilder words = new StringBuilder();
    if (!Double.isInfinite(least)) {
      words.append(aboveLeast ? " above " : " of at least ").append(number(least, whole));
    }
    if (!Double.isInfinite(most)) {
      words
          .append(words.isEmpty() ? " " : " and ")
          .append(belowMost ? "below " : "at most ")
          .append(number(most, whole));
    }
    return words.toString();
  }

  private static String number(double value, boolean whole) {
    return whole || value == Math.rint(value)
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
