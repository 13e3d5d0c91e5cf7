package dev.nacelle.devices;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The processor as {@code /proc/cpuinfo} describes it.
 *
 * @param name its model name; {@code unknown} where the file does not say
 * @param physicalCores cores without hyper-threads, at least 1
 * @param threads logical processors, at least 1
 */
public record Processor(String name, int physicalCores, int threads) {
  /**
   * Reads the description.
   *
   * @param root the file tree to look into, {@code /} for this machine
   */
  public static Processor read(Path root) {
    List<String> lines;
    try {
      lines = Files.readAllLines(root.resolve("proc/cpuinfo"));
    } catch (IOException e) {
      lines = List.of();
    }
    String name = "";
    String socket = "0";
    int threads = 0;
    Set<String> cores = new HashSet<>();
    for (String line : lines) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String key = line.substring(0, colon).strip();
      String value = line.substring(colon + 1).strip();
      switch (key) {
        case "processor" -> threads++;
        case "physical id" -> socket = value;
        case "core id" -> cores.add(socket + "/" + value);
        case "model name", "Model" -> name = value;
        default -> {}
      }
    }
    int logical = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    int physical = cores.isEmpty() ? logical : cores.size();
    // A container may be given fewer processors than the machine has.
    int allowed = Math.min(physical, Math.max(1, Runtime.getRuntime().availableProcessors()));
    return new Processor(name.isEmpty() ? "unknown" : name, allowed, logical);
  }
}
