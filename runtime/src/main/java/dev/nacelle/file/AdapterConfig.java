package dev.nacelle.file;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What adapter_config.json says of a LoRA adapter.
 *
 * @param rank R, rows of A
 * @param alpha the scale is alpha / rank; 0 makes the adapter do nothing
 * @param dropout share of the inputs dropped before A while training, from 0 to below 1
 * @param targets ends of module paths; empty for every linear of the blocks
 * @param targetPattern a regular expression over whole module paths in place of the targets; null
 *     where the file has a list
 * @param excluded ends of module paths that are left out all the same
 * @param layers block numbers that the targets are restricted to; empty for all
 * @param baseModel name or path of the model that was adapted; null where the file does not say
 */
public record AdapterConfig(
    int rank,
    double alpha,
    double dropout,
    List<String> targets,
    @Nullable String targetPattern,
    List<String> excluded,
    List<Integer> layers,
    @Nullable String baseModel) {

  public AdapterConfig {
    targets = List.copyOf(targets);
    excluded = List.copyOf(excluded);
    layers = List.copyOf(layers);
  }

  /** An adapter as we make them. */
  public static AdapterConfig of(
      int rank,
      double alpha,
      double dropout,
      List<String> targets,
      List<Integer> layers,
      @Nullable String baseModel) {
    return new AdapterConfig(rank, alpha, dropout, targets, null, List.of(), layers, baseModel);
  }
}
