package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.file.ModulePattern;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads {@code q_proj=4,1.mlp.down_proj=8}: numbers of some layers' own. */
final class ModuleNumbers {
  private ModuleNumbers() {}

  static ModulePattern parse(String flag, String text) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    if (text.isBlank()) {
      return ModulePattern.NONE;
    }
    for (String entry : text.split(",", -1)) {
      int equals = entry.lastIndexOf('=');
      if (equals < 1
          || numbers.put(entry.substring(0, equals).strip(), number(flag, entry)) != null) {
        throw NacelleException.usage(
            flag + " '" + text + "' names a layer twice, or not at all",
            "write NAME=NUMBER with commas, q_proj=4,v_proj=8 say");
      }
    }
    return new ModulePattern(numbers);
  }

  private static double number(String flag, String entry) {
    try {
      return Double.parseDouble(entry.substring(entry.lastIndexOf('=') + 1).strip());
    } catch (NumberFormatException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          flag + ": '" + entry + "' has no number",
          "write NAME=NUMBER with commas, q_proj=4,v_proj=8 say",
          e);
    }
  }
}
