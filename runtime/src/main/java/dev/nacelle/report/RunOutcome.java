package dev.nacelle.report;

import dev.nacelle.NacelleException;
import dev.nacelle.train.CancelledException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a run ended.
 *
 * @param code why it ended early, as {@code --json} names it; null where all went well
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

  /** What ended a run early: somebody who asked for it, or a failure. */
  public static RunOutcome of(Throwable failure) {
    if (failure instanceof NacelleException known) {
      return new RunOutcome(
          known instanceof CancelledException ? Status.INTERRUPTED : Status.FAILED,
          known.kind().code(),
          String.valueOf(known.getMessage()),
          known.hint());
    }
    return new RunOutcome(
        Status.FAILED,
        NacelleException.Kind.INTERNAL.code(),
        failure.getClass().getSimpleName() + ": " + failure.getMessage(),
        null);
  }
}
