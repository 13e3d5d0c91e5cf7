package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.NativeException;

/** NVRTC refused: a source with errors, or an option that it does not know. */
public final class NvrtcException extends NativeException {
  private static final long serialVersionUID = 1L;

  private final int code;
  private final String log;

  NvrtcException(int code, String message, String log) {
    super(message);
    this.code = code;
    this.log = log;
  }

  /** NVRTC's number for it. */
  public int code() {
    return code;
  }

  /** What the compiler said, with lines; empty where it said nothing. */
  public String log() {
    return log;
  }
}
