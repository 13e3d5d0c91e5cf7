package dev.nacelle.devices;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The processor as {@code /sys} and {@code /proc/cpuinfo} describe it.
 *
 * @param name its model name; {@code unknown} where the files do not say
 * @param physicalCores cores without hyper-threads, at least 1
 * @param threads logical processors, at least 1
 * @param known whether the files said so; else the numbers are those that Java sees
 */
public record Processor(String name, int physicalCores, int threads, boolean known) {
  private static final String CPUINFO = "/proc/cpuinfo";
  private static final String SYSFS = "/sys/devices/system/cpu";

  /**
   * Reads this machine's description, or a recorded one.
   *
   * @param root the file tree to look into, {@code /} for this machine
   */
  public static Processor read(Path root) {
    return read(new DeviceFiles(root));
  }

  /** Reads the description; a core is a set of threads that share it. */
  public static Processor read(DeviceFiles files) {
    String text = files.required(CPUINFO);
    String name = "";
    String socket = "0";
    Set<Integer> threads = new TreeSet<>();
    Set<String> cores = new HashSet<>();
    for (String line : text == null ? new String[0] : text.split("\n", -1)) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String key = line.substring(0, colon).strip();
      String value = line.substring(colon + 1).strip();
      switch (key) {
        case "processor" -> {
          if (value.matches("\\d{1,6}")) {
            threads.add(Integer.parseInt(value));
          }
        }
        case "physical id" -> socket = value;
        case "core id" -> cores.add(socket + "/" + value);
        case "model name", "Model" -> name = value;
        default -> {}
      }
    }
    if (threads.isEmpty()) {
      threads.addAll(range(files.text(SYSFS + "/online")));
    }
    boolean known = !threads.isEmpty();
    int logical = known ? threads.size() : Runtime.getRuntime().availableProcessors();
    Set<String> siblings = siblings(files, threads);
    int physical = !siblings.isEmpty() ? siblings.size() : cores.isEmpty() ? logical : cores.size();
    return new Processor(name.isEmpty() ? "unknown" : name, physical, logical, known);
  }

  /** One text for each core: the list of its threads. Empty unless every thread has one. */
  private static Set<String> siblings(DeviceFiles files, Set<Integer> threads) {
    Set<String> siblings = new HashSet<>();
    for (int thread : threads) {
      String topology = SYSFS + "/cpu" + thread + "/topology/";
      String list = files.text(topology + "core_cpus_list");
      list = list == null ? files.text(topology + "thread_siblings_list") : list;
      if (list == null || list.isEmpty()) {
        return Set.of();
      }
      siblings.add(list);
    }
    return siblings;
  }

  /** {@code 0-3,6} as numbers. */
  private static Set<Integer> range(@Nullable String text) {
    Set<Integer> numbers = new TreeSet<>();
    for (String part : text == null ? new String[0] : text.split(",", -1)) {
      if (part.strip().matches("\\d{1,5}(-\\d{1,5})?")) {
        String[] ends = part.strip().split("-", -1);
        for (int n = Integer.parseInt(ends[0]); n <= Integer.parseInt(ends[ends.length - 1]); n++) {
          numbers.add(n);
        }
      }
    }
    return numbers;
  }

  /** Cores that this process may use: a container may be given fewer than the machine has. */
  public int usableCores() {
    return Math.min(physicalCores, Math.max(1, Runtime.getRuntime().availableProcessors()));
  }
}
