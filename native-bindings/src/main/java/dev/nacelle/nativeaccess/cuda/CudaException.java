package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.NativeException;

/** A call of the CUDA driver failed. */
public final class CudaException extends NativeException {
  private static final long serialVersionUID = 1L;

  private final int code;
  private final String name;

  CudaException(int code, String name, String message) {
    super(message);
    this.code = code;
    this.name = name;
  }

  /** The driver's number for it; −1 where the driver lacks the function. */
  public int code() {
    return code;
  }

  /** The driver's name for it: {@code CUDA_ERROR_OUT_OF_MEMORY}, say. */
  public String errorName() {
    return name;
  }

  /** Whether the device's memory did not suffice. */
  public boolean isOutOfMemory() {
    return code == 2;
  }

  /**
   * Whether the context is lost: a kernel wrote where it must not, or hung; every later call fails
   * and only a new process helps.
   */
  public boolean isFatal() {
    return (code >= 700 && code <= 702) || code == 710 || (code >= 714 && code <= 719);
  }
}
