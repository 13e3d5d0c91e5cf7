package dev.nacelle.nativeaccess.torch;

import dev.nacelle.nativeaccess.NativeException;

/** LibTorch refused a call; the message has the operator, its tensors and LibTorch's own words. */
public final class TorchException extends NativeException {
  private static final long serialVersionUID = 1L;

  TorchException(String message) {
    super(message);
  }
}
