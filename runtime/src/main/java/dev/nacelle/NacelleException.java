package dev.nacelle;

import dev.nacelle.nativeaccess.NativeException;
import org.jspecify.annotations.Nullable;

/**
 * Something that a user can act on: what failed, where, and what to do next. The kind decides the
 * exit code of the command line.
 */
public class NacelleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why a command ends without its result. */
  public enum Kind {
    /** A bug of ours. */
    INTERNAL(1, "internal"),
    /** Unknown flag, missing or impossible value. */
    USAGE(2, "usage"),
    /** A file, data line, adapter or checkpoint that is missing, malformed or does not match. */
    INPUT(3, "bad-input"),
    /** Does not fit the memory budget. */
    BUDGET(4, "budget"),
    /** A library, device, permission or disk space is missing. */
    ENVIRONMENT(5, "environment"),
    /** Stopped on request, from the keyboard (SIGINT) or by the program around us. */
    INTERRUPTED(130, "interrupted"),
    /** Stopped because the system asked the process to end (SIGTERM). */
    TERMINATED(143, "terminated");

    private final int exitCode;
    private final String code;

    Kind(int exitCode, String code) {
      this.exitCode = exitCode;
      this.code = code;
    }

    public int exitCode() {
      return exitCode;
    }

    /** The {@code code} field of an error printed as JSON. */
    public String code() {
      return code;
    }
  }

  private final Kind kind;
  private final @Nullable String hint;

  public NacelleException(Kind kind, String message, @Nullable String hint) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }

  public NacelleException(
      Kind kind, String message, @Nullable String hint, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.hint = hint;
  }

  /** Bad input (exit 3). */
  public static NacelleException input(String message, @Nullable String hint) {
    return new NacelleException(Kind.INPUT, message, hint);
  }

  /** Wrong usage (exit 2). */
  public static NacelleException usage(String message, @Nullable String hint) {
    return new NacelleException(Kind.USAGE, message, hint);
  }

  /** Something is missing around us (exit 5). */
  public static NacelleException environment(
      String message, @Nullable String hint, @Nullable Throwable cause) {
    return new NacelleException(Kind.ENVIRONMENT, message, hint, cause);
  }

  /**
   * What any failure of our code is to whoever called it: itself where it already says what to do;
   * ENVIRONMENT for a native library that is missing; BUDGET for a full Java heap; a bug otherwise.
   */
  public static NacelleException of(Throwable failure) {
    if (failure instanceof NacelleException known) {
      return known;
    }
    String message = String.valueOf(failure.getMessage());
    // Its subclasses are refused calls, which are ours to answer for.
    if (failure.getClass() == NativeException.class) {
      return new NacelleException(Kind.ENVIRONMENT, message, null, failure);
    }
    if (failure instanceof OutOfMemoryError) {
      return new NacelleException(
          Kind.BUDGET,
          "the Java heap is full (" + message + ")",
          "use a smaller batch size or largest length, or start the JVM with more heap (-Xmx)",
          failure);
    }
    return new NacelleException(
        Kind.INTERNAL,
        "unexpected " + failure.getClass().getSimpleName() + ": " + message,
        "this is a bug: report it with the stack trace of its cause",
        failure);
  }

  public Kind kind() {
    return kind;
  }

  /** What to do next, a sentence; null where nothing helps. */
  public @Nullable String hint() {
    return hint;
  }
}
