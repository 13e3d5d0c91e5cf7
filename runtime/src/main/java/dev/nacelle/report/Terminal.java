package dev.nacelle.report;

import dev.nacelle.nativeaccess.StandardError;
import java.util.function.IntSupplier;

/**
 * What standard error is. Java cannot ask whether that one stream is a terminal, so the launcher
 * says it in a system property.
 *
 * @param interactive whether a person looks at a terminal there
 * @param erases whether the terminal knows the sequence that clears the rest of a line
 * @param width its columns, asked anew each time: windows are resized
 */
public record Terminal(boolean interactive, boolean erases, IntSupplier width) {
  /** Whether standard input is a terminal: a person types there. */
  public static boolean isStandardInput() {
    return Boolean.getBoolean("nacelle.in.tty");
  }

  /** Whether colours go to standard output: a terminal, and {@code NO_COLOR} not set. */
  public static boolean colourOnStandardOutput() {
    String refused = System.getenv("NO_COLOR");
    return Boolean.getBoolean("nacelle.out.tty") && (refused == null || refused.isEmpty());
  }

  /** What the launcher found; the columns it saw hold where the system does not say better. */
  public static Terminal standardError() {
    int atStart = Integer.getInteger("nacelle.columns", 80);
    String kind = System.getenv("TERM");
    return new Terminal(
        Boolean.getBoolean("nacelle.tty"),
        kind != null && !kind.isEmpty() && !kind.equals("dumb"),
        () -> StandardError.columns().orElse(atStart));
  }

  int columns() {
    return width.getAsInt();
  }
}
