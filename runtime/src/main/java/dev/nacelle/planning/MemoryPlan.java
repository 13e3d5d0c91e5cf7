package dev.nacelle.planning;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run will hold and how long its steps will take.
 *
 * @param budget bytes that were named as what it may hold; null where nobody named a number
 * @param fits whether the peak is within what it may hold
 * @param minimumBytes the least that any strategy takes
 * @param classes what the bytes of the peak are for; they add up to it
 * @param chosen how memory is held, and what that takes: the peak as the kernel counts it
 * @param timeline the peak so far, phase by phase of the run; then what other processes take that
 *     come after it, a merge and whoever opens model and adapter again
 * @param tokens of a step of middling size
 * @param confidence whether the time follows from rates measured on this machine
 * @param others the next best strategies that fit, the best first
 * @param ways what else would bring the minimum down, where nothing fits
 * @param effort what it took to plan
 */
public record MemoryPlan(
    @Nullable Long budget,
    boolean fits,
    long minimumBytes,
    Map<String, Long> classes,
    Choice chosen,
    List<Phase> timeline,
    long tokens,
    String confidence,
    List<Choice> others,
    List<Way> ways,
    Effort effort) {
  public MemoryPlan {
    classes = Collections.unmodifiableMap(new LinkedHashMap<>(classes));
    timeline = List.copyOf(timeline);
    others = List.copyOf(others);
    ways = List.copyOf(ways);
  }

  /** A stretch, and the peak up to its end. */
  public record Phase(String phase, long peakBytes) {}

  /** A change of the job, and the least that it then takes. */
  public record Way(String change, long minimumBytes) {}

  /**
   * What it took to plan, once model, data and machine were known.
   *
   * @param walks of the job through shapes alone
   * @param blocks of the model that these went through, all together
   */
  public record Effort(double seconds, int walks, int blocks) {}

  public long peakBytes() {
    return chosen.peakBytes();
  }

  public double tokensPerSecond() {
    return tokens / chosen.stepSeconds();
  }
}
