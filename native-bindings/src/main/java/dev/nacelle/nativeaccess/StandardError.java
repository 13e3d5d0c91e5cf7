package dev.nacelle.nativeaccess;

import dev.nacelle.nativeaccess.ffm.Libc;
import java.util.OptionalInt;

/** What the system says of standard error, which Java cannot ask. */
public final class StandardError {
  private static final int DESCRIPTOR = 2;

  private StandardError() {}

  /** The columns of the terminal there, as they are now; empty where there is no terminal. */
  public static OptionalInt columns() {
    int columns = Libc.terminalColumns(DESCRIPTOR);
    return columns > 0 ? OptionalInt.of(columns) : OptionalInt.empty();
  }
}
