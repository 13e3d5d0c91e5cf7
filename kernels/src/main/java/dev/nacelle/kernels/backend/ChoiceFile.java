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
  /** Engines of one process settle one after the other. */
  private static final Object LOCK = new Object();

  private final Path file;
  private final Map<String, String> choices = new TreeMap<>();

  /** What a run that goes on was computed with. */
  private final Map<String, String> adopted = new TreeMap<>();

  ChoiceFile(Path cache, String isaLevel, int threads) {
    String processor = processor().replaceAll("[^A-Za-z0-9]+", "-");
    file = cache.resolve("products").resolve(processor + "_" + isaLevel + "_" + threads + ".tsv");
    read();
  }

  /** Takes over what the file holds and this run has not chosen yet. */
  private void read() {
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
        int tab = line.indexOf('\t');
        if (tab > 0) {
          choices.putIfAbsent(line.substring(0, tab), line.substring(tab + 1));
        }
      }
    } catch (IOException absentOrUnreadable) {
      return; // every class will be measured
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
    return adopted.getOrDefault(shapes, choices.getOrDefault(shapes, ""));
  }

  Map<String, String> all() {
    Map<String, String> all = new TreeMap<>(choices);
    all.putAll(adopted);
    return all;
  }

  /** Lets these hold for this run, and leaves the file alone. */
  void adopt(Map<String, String> known) {
    adopted.putAll(known);
  }

  /**
   * Settles a class: what another engine or process chose meanwhile holds, so that all go on with
   * the same bits; else what was measured.
   *
   * @return what holds
   */
  String settle(String shapes, String measured) {
    synchronized (LOCK) {
      read();
      String held = choices.putIfAbsent(shapes, measured);
      if (held == null) {
        write();
      }
      return held == null ? measured : held;
    }
  }

  private void write() {
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
