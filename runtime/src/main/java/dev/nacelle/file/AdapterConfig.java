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
 * @param where which linears it stands beside
 * @param ranks modules of another rank
 * @param alphas modules of another alpha
 * @param whole which of {@link WholeModules} train as whole copies
 * @param baseModel name or path of the model that was adapted; null where the file does not say
 */
public record AdapterConfig(
    AdapterKind kind,
    int rank,
    double alpha,
    double dropout,
    Targeting where,
    ModulePattern ranks,
    ModulePattern alphas,
    List<String> whole,
    @Nullable String baseModel) {

  public AdapterConfig {
    whole = List.copyOf(whole);
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
        kind,
        rank,
        alpha,
        dropout,
        new Targeting(targets, null, List.of(), layers),
        ModulePattern.NONE,
        ModulePattern.NONE,
        List.of(),
        baseModel);
  }

  /** Ends of module paths; empty for every linear of the blocks. */
  public List<String> targets() {
    return where.targets();
  }

  /**
   * A regular expression over whole module paths in place of the targets; null where there is none.
   */
  public @Nullable String targetPattern() {
    return where.pattern();
  }

  /** Ends of module paths that are left out all the same. */
  public List<String> excluded() {
    return where.excluded();
  }

  /** Block numbers that the targets are restricted to; empty for all. */
  public List<Integer> layers() {
    return where.layers();
  }

  /** Rows of a module's A. */
  public int rank(String modulePath) {
    return (int) ranks.of(modulePath, rank);
  }

  /** What a module's low-rank product is multiplied with. */
  public double scale(String modulePath) {
    return kind.scale(alphas.of(modulePath, alpha), rank(modulePath));
  }

  /** The tensors of a module (out, in) in the file. */
  public List<AdapterKind.Part> parts(String modulePath, long out, long in) {
    return kind.parts(rank(modulePath), out, in);
  }

  /** The same scale at twice the rank, as PEFT saves an adapter that took a part of the weights. */
  public AdapterConfig doubled() {
    return withRanks(2, kind.scale(1, 1) / kind.scale(1, 2));
  }

  /** What {@link #doubled} was made from. */
  public AdapterConfig halved() {
    return withRanks(0.5, kind.scale(1, 2) / kind.scale(1, 1));
  }

  private AdapterConfig withRanks(double ofRank, double ofAlpha) {
    return new AdapterConfig(
        kind,
        (int) (rank * ofRank),
        alpha * ofAlpha,
        dropout,
        where,
        ranks.times(ofRank),
        alphas.times(ofAlpha),
        whole,
        baseModel);
  }

  /** The same with another dropout. */
  public AdapterConfig withDropout(double other) {
    return new AdapterConfig(kind, rank, alpha, other, where, ranks, alphas, whole, baseModel);
  }

  /** The same with modules of other ranks and alphas. */
  public AdapterConfig withPatterns(ModulePattern otherRanks, ModulePattern otherAlphas) {
    return new AdapterConfig(
        kind, rank, alpha, dropout, where, otherRanks, otherAlphas, whole, baseModel);
  }

  /** The same of another kind. */
  public AdapterConfig withKind(AdapterKind other) {
    return new AdapterConfig(other, rank, alpha, dropout, where, ranks, alphas, whole, baseModel);
  }

  /** The same with modules that train whole. */
  public AdapterConfig withWhole(List<String> names) {
    return new AdapterConfig(kind, rank, alpha, dropout, where, ranks, alphas, names, baseModel);
  }
}
