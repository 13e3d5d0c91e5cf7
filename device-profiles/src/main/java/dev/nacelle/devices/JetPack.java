package dev.nacelle.devices;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * NVIDIA's software release of a board, from its Linux for Tegra. The pairs are facts that
 * jetson_stats 7.2.2 lists (jtop/core/jetson_variables.py, opened for this table).
 */
final class JetPack {
  private static final Map<String, String> OF_L4T =
      Map.ofEntries(
          Map.entry("39.2.2", "7.2.2"),
          Map.entry("39.2.1", "7.2.1"),
          Map.entry("39.2.0", "7.2"),
          Map.entry("39.2", "7.2"),
          Map.entry("38.4.0", "7.1"),
          Map.entry("38.4", "7.1"),
          Map.entry("38.2.2", "7.0"),
          Map.entry("38.2.1", "7.0"),
          Map.entry("38.2.0", "7.0"),
          Map.entry("38.2", "7.0"),
          Map.entry("36.5.2", "6.2.3"),
          Map.entry("36.5.0", "6.2.2"),
          Map.entry("36.5", "6.2.2"),
          Map.entry("36.4.7", "6.2.1"),
          Map.entry("36.4.4", "6.2.1"),
          Map.entry("36.4.3", "6.2"),
          Map.entry("36.4.2", "6.1"),
          Map.entry("36.4.0", "6.1"),
          Map.entry("36.4", "6.1"),
          Map.entry("36.3.0", "6.0"),
          Map.entry("36.3", "6.0"),
          Map.entry("36.2.0", "6.0"),
          Map.entry("36.2", "6.0"),
          Map.entry("35.6.5", "5.1.7"),
          Map.entry("35.6.4", "5.1.6"),
          Map.entry("35.6.3", "5.1.5"),
          Map.entry("35.6.2", "5.1.5"),
          Map.entry("35.6.1", "5.1.5"),
          Map.entry("35.6.0", "5.1.4"),
          Map.entry("35.5.0", "5.1.3"),
          Map.entry("35.4.1", "5.1.2"),
          Map.entry("35.3.1", "5.1.1"),
          Map.entry("35.2.1", "5.1"),
          Map.entry("35.1.0", "5.0.2"),
          Map.entry("35.1", "5.0.2"),
          Map.entry("32.7.6", "4.6.6"),
          Map.entry("32.7.5", "4.6.5"),
          Map.entry("32.7.4", "4.6.4"),
          Map.entry("32.7.3", "4.6.3"),
          Map.entry("32.7.2", "4.6.2"),
          Map.entry("32.7.1", "4.6.1"),
          Map.entry("32.6.1", "4.6"),
          Map.entry("32.5.2", "4.5.1"),
          Map.entry("32.5.1", "4.5.1"),
          Map.entry("32.5.0", "4.5"),
          Map.entry("32.5", "4.5"),
          Map.entry("32.4.4", "4.4.1"),
          Map.entry("32.4.3", "4.4"),
          Map.entry("32.3.1", "4.3"));

  private JetPack() {}

  /**
   * The release.
   *
   * @param installed version of the package of everything; null where it is not installed
   */
  static @Nullable String of(@Nullable String installed, @Nullable String l4t) {
    return installed != null || l4t == null ? installed : OF_L4T.get(l4t);
  }
}
