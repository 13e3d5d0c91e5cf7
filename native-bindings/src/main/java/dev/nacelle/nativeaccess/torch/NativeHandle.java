package dev.nacelle.nativeaccess.torch;

import dev.nacelle.nativeaccess.torch.HandleException.Kind;
import org.jspecify.annotations.Nullable;

/**
 * One native object with one Java owner. Closing gives it back; a handle that a {@link TorchScope}
 * owns is closed with it. Not for use by two threads at once.
 */
public abstract sealed class NativeHandle implements AutoCloseable
    permits TorchTensor, TorchList, TorchString, TorchOptional {
  private long address;
  private @Nullable TorchScope scope;
  private final @Nullable Throwable site;

  NativeHandle(long address) {
    this.address = address;
    this.site = Handles.made(this);
  }

  /** The native address, after a check that it is alive. */
  final long live() {
    long a = address;
    if (a == 0) {
      throw closedError(Kind.USE_AFTER_CLOSE, "used after it was closed");
    }
    return a;
  }

  public final boolean isClosed() {
    return address == 0;
  }

  /**
   * Gives the native object back.
   *
   * @throws HandleException on a second close
   */
  @Override
  public final void close() {
    long a = address;
    if (a == 0) {
      throw closedError(Kind.DOUBLE_CLOSE, "closed twice");
    }
    TorchScope owner = scope;
    if (owner != null) {
      owner.forget(this);
    }
    address = 0;
    Handles.closed(this);
    free(a);
  }

  /** Hands the native object to a call that consumes it. */
  final long consume() {
    long a = live();
    TorchScope owner = scope;
    if (owner != null) {
      owner.forget(this);
    }
    address = 0;
    Handles.closed(this);
    return a;
  }

  final @Nullable TorchScope scope() {
    return scope;
  }

  final void scope(@Nullable TorchScope owner) {
    this.scope = owner;
  }

  final @Nullable Throwable site() {
    return site;
  }

  private HandleException closedError(Kind kind, String what) {
    TorchScope owner = scope;
    String by = owner == null ? "" : ": it belonged to scope '" + owner.name() + "'";
    String hint = owner == null ? "" : ", release it from the scope to keep it longer";
    return new HandleException(kind, noun() + " " + what + by + hint, site);
  }

  /** What this is, for messages: {@code tensor}. */
  abstract String noun();

  abstract void free(long nativeAddress);
}
