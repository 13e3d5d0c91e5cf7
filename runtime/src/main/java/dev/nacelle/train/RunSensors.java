package dev.nacelle.train;

import dev.nacelle.devices.DeviceFiles;
import dev.nacelle.devices.sensor.EnergyMeter;
import dev.nacelle.devices.sensor.Thermometer;
import dev.nacelle.devices.sensor.Throttling;
import dev.nacelle.kernels.cpu.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The machine's sensors beside a run: the energy of each step, and the pause between two steps of a
 * machine that is too hot. What vanishes is noted once, and the run goes on without it.
 */
final class RunSensors implements AutoCloseable {
  /** Where the sensors' files begin, for tests; else {@code /}. */
  static final String ROOT = "NACELLE_DEVICE_ROOT";

  private static final long LOOK_MILLIS = 250;

  private final @Nullable Double limit;
  private final Consumer<String> note;
  private final @Nullable EnergyMeter meter;
  private final Thermometer thermometer;
  private final Throttling throttling;
  private final TreeSet<String> throttled = new TreeSet<>();
  private @Nullable Double hottest;
  private long pausedNanos;
  private boolean pauseNoted;
  private boolean coldNoted;
  private boolean lossNoted;

  /**
   * @param limit degrees Celsius; null for none
   * @param note takes what a person should read once
   */
  RunSensors(DeviceFiles files, @Nullable Double limit, Consumer<String> note) {
    this.limit = limit;
    this.note = note;
    this.meter = EnergyMeter.find(files);
    this.thermometer = Thermometer.find(files);
    this.throttling = Throttling.find(files);
  }

  /** The sensors of this machine. */
  static RunSensors open(@Nullable Double limit, Consumer<String> note) {
    String root = Settings.get(ROOT);
    return new RunSensors(new DeviceFiles(Path.of(root == null ? "/" : root)), limit, note);
  }

  /**
   * Comes before a step: waits while it is too hot.
   *
   * @throws CancelledException where the run is asked to stop meanwhile
   */
  void before(Cancellation cancellation) {
    Double now = look();
    if (limit != null && now == null && !coldNoted) {
      coldNoted = true;
      note.accept(
          "--max-temperature " + limit + ": no temperature can be read here, so nothing pauses");
    }
    if (limit != null && now != null && now > limit) {
      pause(now, limit, cancellation);
    }
    if (meter != null) {
      meter.begin();
    }
  }

  private void pause(double from, double limit, Cancellation cancellation) {
    if (!pauseNoted) {
      pauseNoted = true;
      note.accept(
          String.format(
              Locale.ROOT,
              "%.1f °C is above --max-temperature %s: waiting, this time and whenever it is again",
              from,
              limit));
    }
    long begin = System.nanoTime();
    try {
      Double now = from;
      while (now != null && now > limit) {
        cancellation.check();
        Thread.sleep(LOOK_MILLIS);
        now = look();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      pausedNanos += System.nanoTime() - begin;
    }
  }

  private @Nullable Double look() {
    Double now = thermometer.hottest();
    if (now != null && (hottest == null || now > hottest)) {
      hottest = now;
    }
    return now;
  }

  /** Comes after a step: its joules; null where they could not be measured. */
  @Nullable Double after() {
    throttled.addAll(throttling.reasons());
    if (meter == null) {
      return null;
    }
    Double joules = meter.joules();
    if (joules == null && !lossNoted) {
      lossNoted = true;
      note.accept(
          "the sensor " + meter.source() + " cannot be read any more: energy is left out for now");
    }
    return joules;
  }

  SensorSummary summary() {
    return new SensorSummary(
        meter == null ? null : meter.source(),
        hottest,
        pausedNanos * 1e-9,
        new ArrayList<>(throttled));
  }

  @Override
  public void close() {
    if (meter != null) {
      meter.close();
    }
  }
}
