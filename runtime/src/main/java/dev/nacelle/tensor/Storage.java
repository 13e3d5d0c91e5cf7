package dev.nacelle.tensor;

import dev.nacelle.nativeaccess.NativeBuffer;

/**
 * Native memory that several tensors may share, given back when the last of them lets go. Counting
 * is plain, not atomic: tensors belong to the thread that computes.
 */
public final class Storage {
  private final NativeBuffer buffer;
  private final Runnable free;
  private int references = 1;

  /**
   * @param free runs once, when the count falls to zero
   */
  public Storage(NativeBuffer buffer, Runnable free) {
    this.buffer = buffer;
    this.free = free;
  }

  /** The memory; an error after the last release. */
  public NativeBuffer buffer() {
    if (references == 0) {
      throw new IllegalStateException(
          "tensor storage of " + buffer.byteSize() + " bytes used after release");
    }
    return buffer;
  }

  public boolean isShared() {
    return references > 1;
  }

  public boolean isReleased() {
    return references == 0;
  }

  void retain() {
    if (references == 0) {
      throw new IllegalStateException("released tensor storage cannot be retained");
    }
    references++;
  }

  void release() {
    if (references == 0) {
      throw new IllegalStateException("tensor storage released more often than retained");
    }
    references--;
    if (references == 0) {
      free.run();
    }
  }
}
