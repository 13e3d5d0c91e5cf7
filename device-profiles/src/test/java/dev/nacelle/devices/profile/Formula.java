package dev.nacelle.devices.profile;

import java.util.List;
import java.util.function.Function;

/**
 * What follows {@code derived:} in a source, computed again: numbers and keys joined by * and /,
 * from left to right, up to a semicolon.
 */
final class Formula {
  private Formula() {}

  static double value(String source, Function<String, Double> keys) {
    String text = source.substring(Sourced.DERIVED.length()).split(";", -1)[0].strip();
    List<String> words = List.of(text.split("\\s+", -1));
    double value = term(words.getFirst(), keys);
    for (int i = 1; i + 1 < words.size(); i += 2) {
      double next = term(words.get(i + 1), keys);
      value =
          switch (words.get(i)) {
            case "*" -> value * next;
            case "/" -> value / next;
            default -> throw new IllegalArgumentException(source);
          };
    }
    if (words.size() % 2 == 0) {
      throw new IllegalArgumentException(source);
    }
    return value;
  }

  private static double term(String word, Function<String, Double> keys) {
    return word.matches("\\d+") ? Double.parseDouble(word) : keys.apply(word);
  }
}
