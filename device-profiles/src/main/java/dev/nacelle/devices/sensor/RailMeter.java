package dev.nacelle.devices.sensor;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The energy of power rails: their watts, read ten times a second by a thread of its own, times the
 * time between. A step of a few milliseconds is still measured, by its two ends.
 */
final class RailMeter implements EnergyMeter {
  private static final long PERIOD_MILLIS = 100;

  private final PowerRails rails;
  private final LongSupplier nanos;
  private @Nullable Thread sampler;
  private double joules;
  private double watts;
  private long at;
  private boolean broken;

  RailMeter(PowerRails rails, LongSupplier nanos) {
    this.rails = rails;
    this.nanos = nanos;
  }

  /** One that samples by itself until it is closed. */
  static RailMeter sampling(PowerRails rails) {
    RailMeter meter = new RailMeter(rails, System::nanoTime);
    meter.begin();
    Thread thread = new Thread(meter::run, "nacelle-power");
    thread.setDaemon(true);
    meter.sampler = thread;
    thread.start();
    return meter;
  }

  private void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Thread.sleep(PERIOD_MILLIS);
        sample();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String source() {
    return "ina3221 " + String.join("+", rails.totalRails());
  }

  @Override
  public synchronized void begin() {
    Double now = rails.totalWatts();
    broken = now == null;
    watts = now == null ? 0 : now;
    at = nanos.getAsLong();
    joules = 0;
  }

  /** Adds what was drawn since the last sample, by the mean of both. */
  synchronized void sample() {
    Double now = rails.totalWatts();
    long then = nanos.getAsLong();
    if (now == null) {
      broken = true;
      return;
    }
    joules += (watts + now) / 2 * Math.max(0, then - at) * 1e-9;
    watts = now;
    at = then;
  }

  @Override
  public synchronized @Nullable Double joules() {
    sample();
    return broken ? null : (Double) joules;
  }

  @Override
  public void close() {
    Thread thread = sampler;
    if (thread != null) {
      thread.interrupt();
    }
  }
}
