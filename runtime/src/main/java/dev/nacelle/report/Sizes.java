package dev.nacelle.report;

import java.time.Duration;
import java.util.Locale;

/** Bytes and times as people read them. */
public final class Sizes {
  private Sizes() {}

  /** {@code 1.5 GiB}, {@code 12 MiB}, {@code 100 B}. */
  public static String bytes(long bytes) {
    if (bytes >= 1L << 30) {
      return String.format(Locale.ROOT, "%.2f GiB", bytes / (double) (1L << 30));
    }
    if (bytes >= 1L << 20) {
      return String.format(Locale.ROOT, "%.0f MiB", bytes / (double) (1L << 20));
    }
    return bytes >= 1L << 10 ? (bytes >> 10) + " KiB" : bytes + " B";
  }

  /** {@code 1:02:03} or {@code 02:03}. */
  public static String duration(double seconds) {
    Duration d = Duration.ofSeconds(Math.round(seconds));
    return d.toHours() > 0
        ? String.format(
            Locale.ROOT, "%d:%02d:%02d", d.toHours(), d.toMinutesPart(), d.toSecondsPart())
        : String.format(Locale.ROOT, "%02d:%02d", d.toMinutesPart(), d.toSecondsPart());
  }
}
