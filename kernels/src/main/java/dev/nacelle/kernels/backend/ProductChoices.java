package dev.nacelle.kernels.backend;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What measurements chose on this machine so far; see {@link ChoiceFile}. */
public final class ProductChoices {
  private ProductChoices() {}

  /**
   * One file of choices.
   *
   * @param key processor, instruction set and threads that it holds for
   * @param shapes how many classes of shapes each library won
   */
  public record Chosen(String key, Map<String, Integer> shapes) {}

  /** The choices in a cache folder; what cannot be read is left out. */
  public static List<Chosen> read(Path cache) {
    Path folder = cache.resolve("products");
    List<Chosen> found = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return found;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".tsv")).sorted().toList()) {
        Map<String, Integer> won = new TreeMap<>();
        for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
          int tab = line.indexOf('\t');
          if (tab > 0) {
            won.merge(line.substring(tab + 1), 1, Integer::sum);
          }
        }
        String name = String.valueOf(file.getFileName());
        found.add(new Chosen(name.substring(0, name.length() - ".tsv".length()), won));
      }
    } catch (IOException e) {
      return found;
    }
    return found;
  }
}
