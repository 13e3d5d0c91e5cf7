package dev.nacelle.adapter;

import dev.nacelle.NacelleException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which linear layers carry an adapter.
 *
 * @param names ends of module paths ({@code q_proj}, {@code 1.self_attn.q_proj}); empty for every
 *     linear layer of the blocks, as PEFT's all-linear
 * @param layers block numbers; empty for all
 */
public record Targets(List<String> names, List<Integer> layers) {
  public static final String ALL_LINEAR = "all-linear";
  private static final Pattern LAYER = Pattern.compile("(?:^|\\.)layers\\.(\\d+)\\.");
  private static final Pattern RANGE = Pattern.compile("(\\d{1,6})(?:-(\\d{1,6}))?");

  /**
   * Reads {@code --targets} and {@code --layers}.
   *
   * @param layers {@code 0-7,12}, or empty for all
   */
  public static Targets parse(String targets, String layers) {
    List<String> names = new ArrayList<>();
    if (!targets.equals(ALL_LINEAR)) {
      for (String name : targets.split(",", -1)) {
        String trimmed = name.strip();
        if (trimmed.isEmpty()) {
          throw NacelleException.usage(
              "--targets '" + targets + "' has an empty entry",
              "write all-linear or names such as q_proj,v_proj");
        }
        if (trimmed.equals("embed_tokens") || trimmed.endsWith(".embed_tokens")) {
          throw NacelleException.usage(
              "--targets cannot name embed_tokens: it is a table, not a linear layer",
              "name linear layers, lm_head for the output side");
        }
        names.add(trimmed);
      }
    }
    return new Targets(List.copyOf(names), parseLayers(layers));
  }

  private static List<Integer> parseLayers(String layers) {
    TreeSet<Integer> numbers = new TreeSet<>();
    if (layers.isBlank()) {
      return List.of();
    }
    for (String part : layers.split(",", -1)) {
      Matcher m = RANGE.matcher(part.strip());
      if (!m.matches()) {
        throw NacelleException.usage(
            "--layers '" + layers + "' is not a list of block numbers", "write 0-7,12 for example");
      }
      int from = Integer.parseInt(m.group(1));
      int to = m.group(2) == null ? from : Integer.parseInt(m.group(2));
      if (to < from || to > 100_000) {
        throw NacelleException.usage(
            "--layers has the empty range '" + part.strip() + "'",
            "write the smaller number first");
      }
      for (int n = from; n <= to; n++) {
        numbers.add(n);
      }
    }
    return List.copyOf(numbers);
  }

  public boolean isAllLinear() {
    return names.isEmpty();
  }

  /**
   * The modules among {@code paths} that are meant, in their order.
   *
   * @param paths every linear layer of the model, the head {@code lm_head} included
   * @throws NacelleException of kind USAGE where a name or a layer meets nothing
   */
  public List<String> select(List<String> paths) {
    List<String> chosen = paths.stream().filter(p -> meansLayer(p) && means(p)).toList();
    for (String name : names) {
      if (paths.stream().noneMatch(p -> endsWith(p, name))) {
        throw NacelleException.usage(
            "--targets: no linear layer of the model ends in '" + name + "'",
            "its layers are " + String.join(", ", ends(paths)));
      }
    }
    for (int layer : layers) {
      if (paths.stream().noneMatch(p -> layerOf(p) == layer)) {
        throw NacelleException.usage(
            "--layers: the model has no block " + layer, "blocks count from 0");
      }
    }
    if (chosen.isEmpty()) {
      throw NacelleException.usage(
          "--targets and --layers together select no layer", "widen one of them");
    }
    return chosen;
  }

  private boolean means(String path) {
    return isAllLinear()
        ? !path.equals("lm_head")
        : names.stream().anyMatch(name -> endsWith(path, name));
  }

  private boolean meansLayer(String path) {
    int layer = layerOf(path);
    return layers.isEmpty() || layer < 0 || layers.contains(layer);
  }

  private static boolean endsWith(String path, String name) {
    return path.equals(name) || path.endsWith("." + name);
  }

  private static int layerOf(String path) {
    Matcher m = LAYER.matcher(path);
    return m.find() ? Integer.parseInt(m.group(1)) : -1;
  }

  /** The distinct last parts of module paths, sorted. */
  public static List<String> ends(List<String> paths) {
    return paths.stream()
        .map(p -> p.substring(p.lastIndexOf('.') + 1))
        .distinct()
        .sorted()
        .toList();
  }
}
