package dev.nacelle.kernels.cpu;

import dev.nacelle.nativeaccess.NativeBuffer;
import org.jspecify.annotations.Nullable;

/** Native memory that a face keeps between calls and that grows to the largest call's need. */
final class Scratch implements AutoCloseable {
  private @Nullable NativeBuffer buffer;

  /** At least this many bytes, with any content. */
  NativeBuffer atLeast(long bytes) {
    NativeBuffer held = buffer;
    if (held != null && held.byteSize() >= bytes) {
      return held;
    }
    close();
    NativeBuffer grown = NativeBuffer.allocate(bytes);
    buffer = grown;
    return grown;
  }

  @Override
  public void close() {
    NativeBuffer held = buffer;
    buffer = null;
    if (held != null) {
      held.close();
    }
  }
}
