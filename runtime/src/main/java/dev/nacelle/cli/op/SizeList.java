package dev.nacelle.cli.op;

import dev.nacelle.NacelleException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code T=16,N=4096}: sizes by letter. */
final class SizeList {
  private SizeList() {}

  /**
   * Reads the sizes.
   *
   * @throws NacelleException of kind USAGE for anything else
   */
  static Map<String, Long> parse(List<String> texts) {
    Map<String, Long> sizes = new LinkedHashMap<>();
    for (String text : texts) {
      for (String part : text.split(",", -1)) {
        int equals = part.indexOf('=');
        long size = equals < 1 ? 0 : number(part.substring(equals + 1));
        if (size < 1 || sizes.put(part.substring(0, equals), size) != null) {
          throw NacelleException.usage(
              "--size '" + text + "' is no list of sizes",
              "write letters and numbers from 1 on, each letter once, as in --size T=16,N=4096");
        }
      }
    }
    return sizes;
  }

  private static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
