package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.ffm.RawMemory;

/** A device's primary context, held until it is closed. */
public final class CudaContext implements AutoCloseable {
  private static final int NON_BLOCKING = 1;
  private static final int DISABLE_TIMING = 2;
  private static final int MAPPED_AND_PORTABLE = 3;
  private static final int ATTACH_GLOBAL = 1;

  private final CudaDriver driver;
  private final DriverCalls calls;
  private final int ordinal;
  private final int device;
  private final long handle;
  private boolean closed;

  private CudaContext(CudaDriver driver, int ordinal, int device, long handle) {
    this.driver = driver;
    this.calls = driver.calls();
    this.ordinal = ordinal;
    this.device = device;
    this.handle = handle;
  }

  static CudaContext retain(CudaDriver driver, int ordinal) {
    DriverCalls calls = driver.calls();
    try (Out out = new Out(8)) {
      int device = driver.handle(ordinal);
      calls.check(
          (int) calls.devicePrimaryCtxRetain.invokeExact(out.address(), device),
          "cuDevicePrimaryCtxRetain",
          () -> "device " + ordinal);
      return new CudaContext(driver, ordinal, device, out.getLong(0));
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  DriverCalls calls() {
    return calls;
  }

  /** The device's number. */
  public int ordinal() {
    return ordinal;
  }

  public CudaDriver driver() {
    return driver;
  }

  synchronized long handle() {
    if (closed) {
      throw new IllegalStateException("this CUDA context is closed");
    }
    return handle;
  }

  /** Makes this the calling thread's context. */
  public void makeCurrent() {
    try {
      calls.check((int) calls.ctxSetCurrent.invokeExact(handle()), "cuCtxSetCurrent");
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** Waits for everything of this context. */
  public void synchronize() {
    makeCurrent();
    try {
      calls.check((int) calls.ctxSynchronize.invokeExact(), "cuCtxSynchronize");
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** Bytes of the device's memory: free, and all. */
  public record MemoryInfo(long free, long total) {}

  public MemoryInfo memoryInfo() {
    makeCurrent();
    try (Out out = new Out(16)) {
      calls.check((int) calls.memGetInfo.invokeExact(out.address(), out.at(8)), "cuMemGetInfo_v2");
      return new MemoryInfo(out.getLong(0), out.getLong(8));
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /**
   * Loads a CUBIN or PTX.
   *
   * @param what whose it is, for messages
   * @throws CudaException where the driver cannot use it, with its own words
   */
  public CudaModule module(byte[] image, String what) {
    return CudaModule.load(this, image, what);
  }

  /** A stream that does not wait for the default one. */
  public CudaStream stream() {
    makeCurrent();
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.streamCreate.invokeExact(out.address(), NON_BLOCKING), "cuStreamCreate");
      return new CudaStream(this, out.getLong(0));
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /**
   * An event.
   *
   * @param timed whether it tells the time, which costs a little
   */
  public CudaEvent event(boolean timed) {
    makeCurrent();
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.eventCreate.invokeExact(out.address(), timed ? 0 : DISABLE_TIMING),
          "cuEventCreate");
      return new CudaEvent(this, out.getLong(0));
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /**
   * Memory of the device, not cleared.
   *
   * @throws CudaException with {@link CudaException#isOutOfMemory} where it does not suffice
   */
  public CudaMemory allocate(long bytes) {
    makeCurrent();
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.memAlloc.invokeExact(out.address(), bytes),
          "cuMemAlloc_v2",
          () -> bytes + " bytes on device " + ordinal);
      return CudaMemory.of(this, out.getLong(0), bytes);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /**
   * Memory that device and processor both reach under one address, moved to where it is used; the
   * processor must not touch it while a kernel runs.
   */
  public CudaMemory managed(long bytes) {
    makeCurrent();
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.memAllocManaged.invokeExact(out.address(), bytes, ATTACH_GLOBAL),
          "cuMemAllocManaged",
          () -> bytes + " bytes");
      return CudaMemory.of(this, out.getLong(0), bytes);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** Host memory that the device reaches without a copy by the processor; portable and mapped. */
  public PinnedMemory pinned(long bytes) {
    makeCurrent();
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.memHostAlloc.invokeExact(out.address(), bytes, MAPPED_AND_PORTABLE),
          "cuMemHostAlloc",
          () -> bytes + " bytes");
      return PinnedMemory.allocated(this, out.getLong(0), bytes);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /**
   * Pins host memory that is somebody else's, until the result is closed.
   *
   * @param address must stay valid so long
   */
  public PinnedMemory pin(long address, long bytes) {
    makeCurrent();
    try {
      calls.check(
          (int) calls.memHostRegister.invokeExact(address, bytes, MAPPED_AND_PORTABLE),
          "cuMemHostRegister_v2",
          () -> bytes + " bytes at 0x" + Long.toHexString(address));
      return PinnedMemory.registered(this, address, bytes);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** The device's own pool, from which {@link CudaStream#allocate} takes; not to be destroyed. */
  public CudaMemoryPool defaultPool() {
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.deviceGetDefaultMemPool.invokeExact(out.address(), device),
          "cuDeviceGetDefaultMemPool",
          () -> "device " + ordinal);
      return CudaMemoryPool.borrowed(this, out.getLong(0));
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** A pool of its own on this device. */
  public CudaMemoryPool pool() {
    makeCurrent();
    try (Out out = new Out(8)) {
      // CUmemPoolProps: pinned memory, no handles, on this device, no largest size.
      long properties = out.room(88);
      RawMemory.putInt(properties, 1);
      RawMemory.putInt(properties + 8, 1);
      RawMemory.putInt(properties + 12, ordinal);
      calls.check(
          (int) calls.memPoolCreate.invokeExact(out.address(), properties),
          "cuMemPoolCreate",
          () -> "device " + ordinal);
      return CudaMemoryPool.owned(this, out.getLong(0));
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** Lets kernels of this context read the other's memory. */
  public void reach(CudaContext peer) {
    makeCurrent();
    try {
      calls.check(
          (int) calls.ctxEnablePeerAccess.invokeExact(peer.handle(), 0),
          "cuCtxEnablePeerAccess",
          () -> "device " + ordinal + " to device " + peer.ordinal);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** Takes {@link #reach} back. */
  public void part(CudaContext peer) {
    makeCurrent();
    try {
      calls.check(
          (int) calls.ctxDisablePeerAccess.invokeExact(peer.handle()),
          "cuCtxDisablePeerAccess",
          () -> "device " + ordinal + " from device " + peer.ordinal);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** Lets go of the primary context; a second call does nothing. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      calls.check(
          (int) calls.devicePrimaryCtxRelease.invokeExact(device), "cuDevicePrimaryCtxRelease_v2");
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }
}
