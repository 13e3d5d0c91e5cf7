package dev.nacelle.nativeaccess.torch;

import dev.nacelle.nativeaccess.torch.HandleException.Kind;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Owns handles for a stretch of work and closes them at its end. Scopes of a thread nest: the inner
 * one closes first. A strict scope also finds out whether handles were made during its life that
 * nobody closed, gave to a scope or released.
 */
public final class TorchScope implements AutoCloseable {
  private static final ThreadLocal<@Nullable TorchScope> INNERMOST = new ThreadLocal<>();

  private final String name;
  private final Thread thread = Thread.currentThread();
  private final @Nullable TorchScope outer;
  private final boolean strict;
  private final long liveAtStart;
  private final List<NativeHandle> owned = new ArrayList<>();
  private long released;
  private boolean closing;
  private boolean closed;

  private TorchScope(String name, boolean strict) {
    this.name = name;
    this.strict = strict;
    this.outer = INNERMOST.get();
    this.liveAtStart = Handles.live();
    INNERMOST.set(this);
  }

  /** A scope on the calling thread, which alone may use it. */
  public static TorchScope open(String name) {
    return new TorchScope(name, false);
  }

  /**
   * A scope at whose end no handle may be open that was not before, those released excepted. It
   * counts the whole process: only for work that one thread does.
   */
  public static TorchScope openStrict(String name) {
    return new TorchScope(name, true);
  }

  public String name() {
    return name;
  }

  /** How many handles it owns now. */
  public int size() {
    return owned.size();
  }

  /**
   * Takes a handle over.
   *
   * @throws HandleException if it is closed, or another scope owns it and has not released it
   */
  public <T extends NativeHandle> T own(T handle) {
    check("take a handle");
    handle.live();
    TorchScope owner = handle.scope();
    if (owner == this) {
      return handle;
    }
    if (owner != null) {
      throw new HandleException(
          Kind.LEAK,
          handle.noun()
              + " of scope '"
              + owner.name
              + "' was given to scope '"
              + name
              + "': release it from the first one before",
          handle.site());
    }
    handle.scope(this);
    owned.add(handle);
    return handle;
  }

  /** Gives a handle to the caller, who closes it or gives it to another scope. */
  public <T extends NativeHandle> T release(T handle) {
    check("release a handle");
    handle.live();
    if (handle.scope() != this) {
      throw new HandleException(
          Kind.LEAK,
          handle.noun() + " does not belong to scope '" + name + "' and cannot be released from it",
          handle.site());
    }
    forget(handle);
    handle.scope(null);
    released++;
    return handle;
  }

  void forget(NativeHandle handle) {
    if (closing) {
      return;
    }
    check("close a handle");
    // The newest is the likeliest.
    for (int i = owned.size() - 1; i >= 0; i--) {
      if (owned.get(i) == handle) {
        owned.remove(i);
        return;
      }
    }
  }

  /**
   * Closes what it owns, newest first.
   *
   * @throws HandleException if it is closed already, an inner scope is still open, or it is strict
   *     and handles leaked
   */
  @Override
  public void close() {
    check("be closed");
    if (INNERMOST.get() != this) {
      TorchScope inner = INNERMOST.get();
      throw new HandleException(
          Kind.LEAK,
          "scope '"
              + name
              + "' was closed while its inner scope '"
              + (inner == null ? "?" : inner.name)
              + "' is open",
          null);
    }
    closing = true;
    for (NativeHandle handle : owned.reversed()) {
      handle.close();
    }
    owned.clear();
    closed = true;
    INNERMOST.set(outer);
    long leaked = Handles.live() - liveAtStart - released;
    if (strict && leaked > 0) {
      List<Throwable> sites = Handles.sites();
      throw new HandleException(
          Kind.LEAK,
          leaked
              + " native handles made during scope '"
              + name
              + "' are still open and belong to no scope"
              + (sites.isEmpty() ? "; set -D" + Handles.TRACE_PROPERTY + "=true to see where" : ""),
          sites.isEmpty() ? null : sites.getFirst());
    }
  }

  private void check(String act) {
    if (Thread.currentThread() != thread) {
      throw new HandleException(
          Kind.WRONG_THREAD,
          "scope '"
              + name
              + "' of thread "
              + thread.getName()
              + " cannot "
              + act
              + " on thread "
              + Thread.currentThread().getName(),
          null);
    }
    if (closed) {
      throw new HandleException(
          act.equals("be closed") ? Kind.DOUBLE_CLOSE : Kind.USE_AFTER_CLOSE,
          "scope '" + name + "' is closed and cannot " + act,
          null);
    }
  }
}
