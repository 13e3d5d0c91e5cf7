package dev.nacelle.train;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the machine's sensors said during a run.
 *
 * @param energySource what the energy was measured by; null without such a sensor
 * @param hottestCelsius the highest temperature between steps; null without such a sensor
 * @param pausedSeconds how long the run waited for the machine to cool down
 * @param throttled what slowed the machine down in some step, sorted
 */
public record SensorSummary(
    @Nullable String energySource,
    @Nullable Double hottestCelsius,
    double pausedSeconds,
    List<String> throttled) {
  /** Of a machine without sensors. */
  public static final SensorSummary NONE = new SensorSummary(null, null, 0, List.of());
}
