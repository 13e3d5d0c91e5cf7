package dev.nacelle.data;

import dev.nacelle.NacelleException;
import java.nio.file.Path;

/** A record that cannot be used; says why, and leaves it to the caller to say where. */
final class BadRecordException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String why;

  BadRecordException(String why) {
    super(why, null, false, false);
    this.why = why;
  }

  @Override
  public String getMessage() {
    return why;
  }

  /** The sentence that a user reads: where, then why. */
  String at(Path file, long line) {
    return file + ":" + line + ": " + why;
  }

  /** The error that ends a run. */
  NacelleException fatal(Path file, long line) {
    return new NacelleException(
        NacelleException.Kind.INPUT,
        at(file, line),
        "Correct the line, or pass --skip-bad-lines to count such lines and go on.",
        this);
  }
}
