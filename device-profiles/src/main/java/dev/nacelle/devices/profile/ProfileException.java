package dev.nacelle.devices.profile;

/** A profile that is damaged, or one that is not there; the message says where and what to do. */
public final class ProfileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean unknown;

  private ProfileException(String message, boolean unknown) {
    super(message);
    this.unknown = unknown;
  }

  /** Something wrong in a line of a file. */
  static ProfileException at(String file, int line, String message) {
    return new ProfileException(file + ":" + line + ": " + message, false);
  }

  /** A profile or a mode that nobody knows. */
  static ProfileException unknown(String message) {
    return new ProfileException(message, true);
  }

  /** Where, what and what to do; never null. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }

  /** Whether a name was wrong, and not a file. */
  public boolean isUnknown() {
    return unknown;
  }
}
