package dev.nacelle.memory.technique;

import dev.nacelle.memory.Strategy;
import java.util.Set;
import java.util.function.Predicate;

/**
 * One way of needing less memory.
 *
 * @param id what commands, result files and pages call it
 * @param principle the family it belongs to
 * @param how what it does, in a sentence
 * @param law bytes with it; letters as {@link Techniques#LETTERS} has them
 * @param cost what one pays
 * @param limitation where it does not help, or cannot be had
 * @param networks where it can be had
 * @param source who described it first, or where we took it from
 * @param isUsedBy whether a strategy asks for it; never for what no strategy decides
 * @param chosenBy who switches it on
 */
public record Technique(
    String id,
    Principle principle,
    String how,
    String law,
    Exactness exactness,
    String cost,
    String limitation,
    Set<Network> networks,
    String source,
    Predicate<Strategy> isUsedBy,
    String chosenBy) {
  /** Whether figures of it can be measured by one strategy beside another. */
  public boolean isStrategy() {
    return chosenBy.equals(Techniques.PLAN) || chosenBy.equals(Techniques.ALLOWED);
  }
}
