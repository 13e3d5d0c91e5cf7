package dev.nacelle.nativeaccess.torch;

import dev.nacelle.nativeaccess.NativeException;
import org.jspecify.annotations.Nullable;

/**
 * A native handle was used against its life. With the system property {@code nacelle.handles.trace}
 * set to true the cause shows where the handle was made.
 */
public final class HandleException extends NativeException {
  private static final long serialVersionUID = 1L;

  /** What was done wrong. */
  public enum Kind {
    USE_AFTER_CLOSE,
    DOUBLE_CLOSE,
    /** A handle outlived the scope in which it was made, or crossed into another. */
    LEAK,
    WRONG_THREAD
  }

  private final Kind kind;

  HandleException(Kind kind, String message, @Nullable Throwable site) {
    super(message);
    this.kind = kind;
    if (site != null) {
      initCause(site);
    }
  }

  public Kind kind() {
    return kind;
  }
}
