package dev.nacelle.devices.profile;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is known, by fact. What is not known is absent.
 *
 * @param values in the order of the schema; a Long, Boolean, String or list of strings each, as the
 *     fact's type says
 */
public record Facts(Map<Fact, Sourced<?>> values) {
  /** None. */
  public static final Facts NONE = new Facts(Map.of());

  public Facts {
    Map<Fact, Sourced<?>> sorted = new EnumMap<>(Fact.class);
    sorted.putAll(values);
    values = Collections.unmodifiableMap(sorted);
  }

  /** These, and of the others what these do not say. */
  public Facts over(Facts others) {
    Map<Fact, Sourced<?>> all = new EnumMap<>(Fact.class);
    all.putAll(others.values);
    all.putAll(values);
    return new Facts(all);
  }

  /** A number with its source. */
  public Optional<Sourced<Long>> number(Fact fact) {
    Sourced<?> found = values.get(fact);
    return found != null && found.value() instanceof Long number
        ? Optional.of(new Sourced<>(number, found.source()))
        : Optional.empty();
  }

  /** A flag. */
  public Optional<Boolean> flag(Fact fact) {
    Sourced<?> found = values.get(fact);
    return found != null && found.value() instanceof Boolean flag
        ? Optional.of(flag)
        : Optional.empty();
  }

  /** A word or a line. */
  public Optional<String> text(Fact fact) {
    Sourced<?> found = values.get(fact);
    return found != null && found.value() instanceof String text
        ? Optional.of(text)
        : Optional.empty();
  }

  /** A list; empty where nothing is known. */
  public List<String> texts(Fact fact) {
    Sourced<?> found = values.get(fact);
    return found != null && found.value() instanceof List<?> list
        ? list.stream().map(String.class::cast).toList()
        : List.of();
  }
}
