package dev.nacelle.memory;

import dev.nacelle.NacelleException;
import dev.nacelle.devices.MemoryAtHand;
import dev.nacelle.devices.MemoryWatch;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The most that the process's resident set may come to: what was asked for, never more than what is
 * there. It moves: what is there is looked at again with each {@link #now}.
 */
public final class Budget {
  private final @Nullable Long asked;
  private final MemoryWatch watch;

  /**
   * @param asked bytes that {@code --budget} gives; null for what is there
   * @param watch says what is there
   * @throws NacelleException of kind BUDGET where more is asked than is there
   */
  public Budget(@Nullable Long asked, MemoryWatch watch) {
    this.asked = asked;
    this.watch = watch;
    if (asked != null) {
      MemoryAtHand there = watch.now();
      if (asked > there.bytes()) {
        throw new NacelleException(
            NacelleException.Kind.BUDGET,
            "--budget "
                + size(asked)
                + " is more than this process can have here, "
                + size(there.bytes())
                + ": "
                + there.reason(),
            "ask for at most "
                + there.bytes()
                + " bytes, or leave --budget out to take what is there");
      }
    }
  }

  /**
   * The budget at one moment.
   *
   * @param bytes the most that may be resident
   * @param reason where the number comes from: a clause for a message
   */
  public record Look(long bytes, String reason) {}

  /** The budget now. */
  public Look now() {
    MemoryAtHand there = watch.now();
    return asked != null && asked <= there.bytes()
        ? new Look(asked, "--budget asks for " + size(asked))
        : new Look(there.bytes(), there.reason());
  }

  /** What {@code --budget} asked for; null where it was left out. */
  public @Nullable Long asked() {
    return asked;
  }

  /** {@code 1.50 GiB} or {@code 900.0 MiB}: precise enough to be typed again. */
  public static String size(long bytes) {
    if (bytes == MemoryAtHand.UNKNOWN) {
      return "an unknown amount";
    }
    return bytes >= 1L << 30
        ? String.format(Locale.ROOT, "%.2f GiB", bytes / (double) (1L << 30))
        : String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20));
  }
}
