package dev.nacelle.nativeaccess;

/** A native library is missing, or a native call failed; the message says which and what to do. */
public class NativeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public NativeException(String message) {
    super(message);
  }

  public NativeException(String message, Throwable cause) {
    super(message, cause);
  }
}
