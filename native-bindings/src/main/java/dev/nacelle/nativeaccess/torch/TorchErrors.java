package dev.nacelle.nativeaccess.torch;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import org.jspecify.annotations.Nullable;

/** Turns return codes into exceptions; all of it off the hot path. */
final class TorchErrors {
  private TorchErrors() {}

  /** The exception of a call that returned non-zero. */
  static TorchException failed(String operator, @Nullable TorchTensor... arguments) {
    // Read first: describing the arguments makes calls of its own.
    String why =
        TorchLibrary.hasErrorText()
            ? RawMemory.utf8(TorchLibrary.errorText()).strip()
            : "LibTorch before 2.13 does not hand out its reason; it may be on standard error";
    StringBuilder text = new StringBuilder(operator).append('(');
    for (int i = 0; i < arguments.length; i++) {
      TorchTensor argument = arguments[i];
      text.append(i == 0 ? "" : ", ").append(argument == null ? "none" : argument.describe());
    }
    return new TorchException(text.append(") failed: ").append(why).toString());
  }

  /** What a method handle threw: our own errors as they are, a missing function by its name. */
  static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof RuntimeException ours) {
      return ours;
    }
    if (thrown instanceof UnsatisfiedLinkError missing) {
      return new NativeException(
          "this LibTorch is too old: " + missing.getMessage() + ". Install PyTorch 2.13 or later.",
          missing);
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    throw new AssertionError(thrown);
  }
}
