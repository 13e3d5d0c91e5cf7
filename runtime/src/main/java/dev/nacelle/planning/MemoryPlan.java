package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run will hold and how long its steps will take.
 *
 * @param budget bytes that it may hold; null where nobody named a number
 * @param fits whether the peak is within the budget
 * @param peakBytes of the whole process, as the kernel counts its resident set
 * @param minimumBytes the least that any exact strategy takes
 * @param classes of the peak: what bytes are for; they add up to it
 * @param strategy how memory is held
 * @param timeline the peak so far, phase by phase
 * @param stepSeconds of a step of middling size
 * @param tokensPerSecond of such a step
 * @param others the next best strategies that fit, the best first
 * @param ways what else would bring the minimum down, where nothing fits
 */
public record MemoryPlan(
    @Nullable Long budget,
    boolean fits,
    long peakBytes,
    long minimumBytes,
    Map<String, Long> classes,
    Strategy strategy,
    List<Phase> timeline,
    double stepSeconds,
    double tokensPerSecond,
    String confidence,
    List<Choice> others,
    List<Way> ways) {
  public MemoryPlan {
    classes = Map.copyOf(classes);
    timeline = List.copyOf(timeline);
    others = List.copyOf(others);
    ways = List.copyOf(ways);
  }

  /** A stretch of the run, and the peak up to its end. */
  public record Phase(String phase, long peakBytes) {}

  /** A strategy with what it would take. */
  public record Choice(Strategy strategy, long peakBytes, double stepSeconds) {}

  /** A change of the job, and the least that it then takes. */
  public record Way(String change, long minimumBytes) {}
}
