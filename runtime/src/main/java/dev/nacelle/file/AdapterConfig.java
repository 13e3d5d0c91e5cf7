package dev.nacelle.file;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What adapter_config.json says of an adapter.
 *
 * @param kind what stands beside each layer
 * @param rank R, rows of A
 * @param alpha the scale is alpha / rank, by most kinds; 0 makes the adapter do nothing
 * @param dropout share of the inputs dropped before A while training, from 0 to below 1
 * @param targets ends of module paths; empty for every linear of the blocks
 * @param targetPattern a regular expression over whole module paths in place of the targets; null
 *     where the file has a list
 * @param excluded ends of module paths that are left out all the same
 * @param layers block numbers that the targets are restricted to; empty for all
 * @param baseModel name or path of the model that was adapted; null where the file does not say
 */
public record AdapterConfig(
    AdapterKind kind,
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
      AdapterKind kind,
      int rank,
      double alpha,
      double dropout,
      List<String> targets,
      List<Integer> layers,
      @Nullable String baseModel) {
    return new AdapterConfig(
        kind, rank, alpha, dropout, targets, null, List.of(), layers, baseModel);
  }

  /** What the low-rank product is multiplied with. */
  public double scale() {
    return kind.scale(alpha, rank);
  }

  /** The tensors of a module (out, in) in the file. */
  public List<AdapterKind.Part> parts(long out, long in) {
    return kind.parts(rank, out, in);
  }

  /** The same of another kind. */
  public AdapterConfig withKind(AdapterKind other) {
    return new AdapterConfig(
        other, rank, alpha, dropout, targets, targetPattern, excluded, layers, baseModel);
  }

  /** The same with another dropout. */
  public AdapterConfig withDropout(double other) {
    return new AdapterConfig(
        kind, rank, alpha, other, targets, targetPattern, excluded, layers, baseModel);
  }
}
