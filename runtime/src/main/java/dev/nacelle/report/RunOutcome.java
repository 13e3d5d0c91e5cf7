package dev.nacelle.report;

import dev.nacelle.NacelleException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a run ended.
 *
 * @param code why it failed, as {@code --json} names it; null unless it failed
 * @param message what happened, a sentence; null where all went well
 * @param hint what to do next; null where nothing helps
 */
public record RunOutcome(
    Status status, @Nullable String code, @Nullable String message, @Nullable String hint) {
  /** The three ends. */
  public enum Status {
    DONE,
    FAILED,
    INTERRUPTED;

    /** The {@code status} of report.json. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** All steps were taken. */
  public static final RunOutcome DONE = new RunOutcome(Status.DONE, null, null, null);

  /** Somebody ended it; {@code hint} says how to go on. */
  public static RunOutcome interrupted(String message, @Nullable String hint) {
    return new RunOutcome(Status.INTERRUPTED, null, message, hint);
  }

  /** Something ended it. */
  public static RunOutcome failed(Throwable failure) {
    if (failure instanceof NacelleException known) {
      return new RunOutcome(
          Status.FAILED, known.kind().code(), String.valueOf(known.getMessage()), known.hint());
    }
    return new RunOutcome(
        Status.FAILED,
        NacelleException.Kind.INTERNAL.code(),
        failure.getClass().getSimpleName() + ": " + failure.getMessage(),
        null);
  }
}
