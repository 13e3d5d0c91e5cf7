package dev.nacelle.memory.technique;

import java.util.List;

/**
 * What techniques saved and cost where they were measured.
 *
 * @param provenance the machine and the run
 * @param networks what was trained
 * @param results one a technique and network
 * @param pairs two techniques at once
 */
public record Measured(
    Provenance provenance, List<Trained> networks, List<Result> results, List<Pair> pairs) {

  /**
   * Where the seconds come from; bytes are the ledger's, the same everywhere.
   *
   * @param load the machine's own at the beginning: above its threads, seconds are noise
   * @param command that measures again
   */
  public record Provenance(
      String processor,
      String isa,
      int threads,
      String java,
      String time,
      double load,
      String command) {}

  /** A network that was trained, in words. */
  public record Trained(Network network, String description) {}

  /**
   * One technique on one network, beside the fastest strategy.
   *
   * @param setting how much of it: {@code 4 bits}
   * @param actsOn what bytes it is about: a class of the ledger, or pages of mapped files
   * @param without the most bytes of that at once in a step
   * @param with the same with the technique
   * @param ledgerWithout the most bytes of all classes at once in a step
   * @param ledgerWith the same with the technique
   * @param slowdown median seconds of a step over those without
   */
  public record Result(
      String technique,
      Network network,
      String setting,
      String actsOn,
      long without,
      long with,
      long ledgerWithout,
      long ledgerWith,
      double slowdown) {
    /** What is left of the bytes that it acts on: 0.25 for a quarter. */
    public double left() {
      return (double) with / without;
    }
  }

  /**
   * Two techniques alone and together, on one class of bytes.
   *
   * @param first of the two, with its setting
   * @param second of the two, with its setting
   * @param actsOn what bytes
   * @param without bytes with neither
   * @param one bytes with the first
   * @param other bytes with the second
   * @param both bytes with both
   * @param why they multiply, or not
   */
  public record Pair(
      String first,
      String second,
      Network network,
      String actsOn,
      long without,
      long one,
      long other,
      long both,
      boolean multiplies,
      String why) {
    /** What is left with both over the product of what each leaves: 1 where they multiply. */
    public double overProduct() {
      return (double) both / without / ((double) one / without * other / without);
    }
  }
}
