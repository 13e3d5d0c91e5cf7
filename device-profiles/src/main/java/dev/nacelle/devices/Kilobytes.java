package dev.nacelle.devices;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Files of {@code /proc} whose lines are {@code Name: 12 kB}. */
final class Kilobytes {
  private Kilobytes() {}

  /** Name to bytes; lines of another shape are passed over. */
  static Map<String, Long> read(@Nullable String text) {
    Map<String, Long> values = new HashMap<>();
    for (String line : text == null ? new String[0] : text.split("\n", -1)) {
      String[] words = line.split("\\s+", -1);
      if (words.length >= 2 && words[0].endsWith(":") && words[1].matches("\\d{1,15}")) {
        values.put(words[0].substring(0, words[0].length() - 1), Long.parseLong(words[1]) << 10);
      }
    }
    return values;
  }
}
