package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Counts attempts that brought nothing new and waits between them: half a second, then twice as
 * long each time, or as long as the server asks.
 */
final class Attempts {
  static final int MOST = 5;

  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(2);

  private final String what;
  private final Duration firstPause;
  private final PullListener listener;
  private int failed;

  Attempts(String what, HubSettings settings, PullListener listener) {
    this.what = what;
    this.firstPause = settings.firstPause();
    this.listener = listener;
  }

  /** Whether a status may be another one in a moment. */
  static boolean isPassing(int status) {
    return status == 408 || status == 429 || status >= 500;
  }

  /** Something came: the count begins anew. */
  void succeeded() {
    failed = 0;
  }

  /**
   * An attempt failed; waits before the next.
   *
   * @param retryAfter what the server asks for; null where it asks for nothing
   * @throws NacelleException of kind ENVIRONMENT after {@value #MOST} in a row, or where the server
   *     asks for a long wait
   */
  void failed(String why, @Nullable String retryAfter, @Nullable IOException cause) {
    failed++;
    Duration pause = firstPause.multipliedBy(1L << (failed - 1));
    Duration asked = parse(retryAfter, Instant.now());
    if (asked != null && asked.compareTo(LONGEST_PAUSE) > 0) {
      throw NacelleException.environment(
          what + " cannot be brought now: " + why,
          "the server asks to come back in " + asked.toSeconds() + " s; then pull again",
          cause);
    }
    if (failed >= MOST) {
      throw NacelleException.environment(
          what + " cannot be brought: " + why + ", " + MOST + " times in a row",
          "look at the network and the server, then pull again: what came is kept",
          cause);
    }
    pause = asked != null ? asked : pause;
    listener.note(
        String.format(
            Locale.ROOT, "%s: %s; trying again in %.1f s", what, why, pause.toMillis() / 1000.0));
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw NacelleException.environment("the pull was interrupted", null, e);
    }
  }

  /** Retry-After as seconds or as a date; null for anything else. */
  static @Nullable Duration parse(@Nullable String text, Instant now) {
    if (text == null) {
      return null;
    }
    if (text.strip().matches("\\d{1,9}")) {
      return Duration.ofSeconds(Long.parseLong(text.strip()));
    }
    try {
      Instant then =
          ZonedDateTime.parse(text.strip(), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      return then.isAfter(now) ? Duration.between(now, then) : Duration.ZERO;
    } catch (DateTimeParseException e) {
      return null;
    }
  }
}
