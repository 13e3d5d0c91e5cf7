package dev.nacelle.nativeaccess.cuda;

import java.util.concurrent.atomic.AtomicLong;

/** A handle of the driver's that somebody must give back, once. */
abstract class Owned implements AutoCloseable {
  private static final AtomicLong LIVE = new AtomicLong();

  private final CudaContext context;
  private final long handle;
  private final String what;
  private boolean closed;

  Owned(CudaContext context, long handle, String what) {
    this.context = context;
    this.handle = handle;
    this.what = what;
    LIVE.incrementAndGet();
  }

  /** Handles that nobody has given back yet, in the whole process. */
  static long live() {
    return LIVE.get();
  }

  final CudaContext context() {
    return context;
  }

  final DriverCalls calls() {
    return context.calls();
  }

  /**
   * The handle, with its context current.
   *
   * @throws IllegalStateException after close
   */
  final long handle() {
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("this " + what + " is closed");
      }
    }
    context.makeCurrent();
    return handle;
  }

  /** Gives the handle back: a call of the driver's. */
  abstract void destroy(long owned) throws Throwable;

  /** A second call does nothing. */
  @Override
  public final void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    LIVE.decrementAndGet();
    context.makeCurrent();
    try {
      destroy(handle);
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }
}
