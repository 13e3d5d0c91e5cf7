package dev.nacelle.report;

/**
 * What standard error is. Java cannot ask that of one stream, so the launcher says it in system
 * properties.
 *
 * @param interactive whether a person looks at a terminal there
 * @param columns its width
 */
public record Terminal(boolean interactive, int columns) {
  /** Whether standard input is a terminal: a person types there. */
  public static boolean isStandardInput() {
    return Boolean.getBoolean("nacelle.in.tty");
  }

  /** Whether colours go to standard output: a terminal, and {@code NO_COLOR} not set. */
  public static boolean colourOnStandardOutput() {
    String refused = System.getenv("NO_COLOR");
    return Boolean.getBoolean("nacelle.out.tty") && (refused == null || refused.isEmpty());
  }

  /** What the launcher found. */
  public static Terminal standardError() {
    return new Terminal(
        Boolean.getBoolean("nacelle.tty"), Integer.getInteger("nacelle.columns", 80));
  }
}
