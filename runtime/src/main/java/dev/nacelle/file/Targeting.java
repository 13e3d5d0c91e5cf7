package dev.nacelle.file;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which linears an adapter stands beside.
 *
 * @param targets ends of module paths; empty for every linear of the blocks
 * @param pattern a regular expression over whole module paths in place of the targets; null where
 *     the file has a list
 * @param excluded ends of module paths that are left out all the same
 * @param layers block numbers that the targets are restricted to; empty for all
 */
public record Targeting(
    List<String> targets, @Nullable String pattern, List<String> excluded, List<Integer> layers) {
  public Targeting {
    targets = List.copyOf(targets);
    excluded = List.copyOf(excluded);
    layers = List.copyOf(layers);
  }
}
