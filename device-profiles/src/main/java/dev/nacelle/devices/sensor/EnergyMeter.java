package dev.nacelle.devices.sensor;

import dev.nacelle.devices.DeviceFiles;
import org.jspecify.annotations.Nullable;

/**
 * Joules between two moments. Not for several threads.
 *
 * @see #find
 */
public interface EnergyMeter extends AutoCloseable {
  /** What is measured: {@code ina3221 VDD_IN}, {@code rapl package-0}. */
  String source();

  /** Begins to count. */
  void begin();

  /** Joules since {@link #begin}; null where the sensor could not be read meanwhile. */
  @Nullable Double joules();

  @Override
  void close();

  /** The meter of a machine: the board's rails, else the processor's counters; null for neither. */
  static @Nullable EnergyMeter find(DeviceFiles files) {
    PowerRails rails = PowerRails.find(files);
    if (rails.totalWatts() != null) {
      return RailMeter.sampling(rails);
    }
    return RaplMeter.find(files);
  }
}
