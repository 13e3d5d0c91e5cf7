package dev.nacelle.kernels.backend;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which library multiplies each class of shapes, kept between runs so that a machine goes on with
 * the same bits: lines of a class, a tab, a library. The file's name holds processor, instruction
 * set and threads; a new one replaces the old in one rename. A cache that cannot be written costs a
 * measurement a run and nothing else.
 */
final class ChoiceFile {
  private final Path file;
  private final Map<String, String> choices = new TreeMap<>();

  ChoiceFile(Path cache, String isaLevel, int threads) {
    String processor = processor().replaceAll("[^A-Za-z0-9]+", "-");
    file = cache.resolve("products").resolve(processor + "_" + isaLevel + "_" + threads + ".tsv");
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
        int tab = line.indexOf('\t');
        if (tab > 0) {
          choices.put(line.substring(0, tab), line.substring(tab + 1));
        }
      }
    } catch (IOException absentOrUnreadable) {
      choices.clear();
    }
  }

  /** The kernel's name of the processor, {@code AMD EPYC 7763} say. */
  static String processor() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8)) {
        if (line.startsWith("model name") || line.startsWith("CPU part")) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    } catch (IOException e) {
      return System.getProperty("os.arch", "unknown");
    }
    return System.getProperty("os.arch", "unknown");
  }

  /** The library chosen before, or an empty string. */
  String get(String shapes) {
    return choices.getOrDefault(shapes, "");
  }

  Map<String, String> all() {
    return new TreeMap<>(choices);
  }

  /** Lets these hold for this run, and leaves the file alone. */
  void adopt(Map<String, String> known) {
    choices.putAll(known);
  }

  void put(String shapes, String library) {
    choices.put(shapes, library);
    StringBuilder text = new StringBuilder();
    choices.forEach((key, value) -> text.append(key).append('\t').append(value).append('\n'));
    try {
      Files.createDirectories(file.resolveSibling(""));
      Path fresh = Files.createTempFile(file.resolveSibling(""), "choice", ".tmp");
      Files.writeString(fresh, text);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      return; // the choice holds for this run
    }
  }
}
