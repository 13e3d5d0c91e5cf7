package dev.nacelle.cli;

import java.nio.file.Path;

/** Words as a POSIX shell reads them. */
final class Shell {
  private Shell() {}

  /** The path, in single quotes where it holds anything that a shell would take apart. */
  static String quote(Path path) {
    return quote(path.toString());
  }

  /** The text, in single quotes where it holds anything that a shell would take apart. */
  static String quote(String text) {
    return text.matches("[A-Za-z0-9_./+=:@%,-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
