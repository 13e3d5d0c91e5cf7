package dev.nacelle.report;

/** Words as a POSIX shell reads them. */
public final class Shell {
  private Shell() {}

  /** The word, in single quotes where it holds anything that a shell would take apart. */
  public static String quote(String word) {
    return word.matches("[A-Za-z0-9_./+=:@%,-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
