package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.PatternSyntaxException;

/**
 * Numbers of some modules' own, by PEFT's rules: each key is a regular expression over the end of a
 * module's path from a dot on, and the first that fits holds.
 *
 * @param values key → number, in the order of the file
 */
public record ModulePattern(Map<String, Double> values) {
  /** Every module has what all have. */
  public static final ModulePattern NONE = new ModulePattern(Map.of());

  /** Keys and numbers in their order. */
  public ModulePattern {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /**
   * The module's number.
   *
   * @throws NacelleException of kind INPUT where a key is no regular expression that ends
   */
  public double of(String modulePath, double otherwise) {
    for (Map.Entry<String, Double> entry : values.entrySet()) {
      if (means(entry.getKey(), modulePath)) {
        return entry.getValue();
      }
    }
    return otherwise;
  }

  /** Whether a key means a module. */
  public static boolean means(String key, String modulePath) {
    try {
      return new BoundedPattern("(?:.*\\.)?(?:" + key + ")").matches(modulePath);
    } catch (PatternSyntaxException | BoundedPattern.RunawayException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          "the pattern " + Quoted.name(key) + " for modules cannot be read, or takes too long",
          "write the end of a module's path, q_proj or 1.self_attn.q_proj say",
          e);
    }
  }

  /** As the command line has it: {@code q_proj=4,v_proj=8}. */
  public String flag() {
    List<String> entries = new ArrayList<>();
    values.forEach(
        (key, value) ->
            entries.add(
                key + "=" + BigDecimal.valueOf(value).stripTrailingZeros().toPlainString()));
    return String.join(",", entries);
  }

  /** The same with every number multiplied. */
  public ModulePattern times(double factor) {
    Map<String, Double> scaled = new LinkedHashMap<>();
    values.forEach((key, value) -> scaled.put(key, value * factor));
    return new ModulePattern(scaled);
  }
}
