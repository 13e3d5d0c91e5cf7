package dev.nacelle.devices.profile;

/**
 * A value of a profile and where it comes from.
 *
 * @param source a page or file that was opened for it, {@code derived: FORMULA; why}, or {@code
 *     measured …}
 * @param <T> Long for numbers, else Boolean, String or a list of strings
 */
public record Sourced<T>(T value, String source) {
  /** How the source of a value begins that was computed from others of the same profile. */
  public static final String DERIVED = "derived:";

  /** Whether it was computed and not read. */
  public boolean isDerived() {
    return source.startsWith(DERIVED);
  }
}
