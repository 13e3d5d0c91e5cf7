package dev.nacelle.nativeaccess.cuda;

/** A line of work on a device, done in order. */
public final class CudaStream extends Owned {
  private static final int NOT_READY = 600;

  CudaStream(CudaContext context, long handle) {
    super(context, handle, "CUDA stream");
  }

  /**
   * Waits until the line is empty.
   *
   * @throws CudaException where something in it failed
   */
  public void synchronize() {
    long line = handle();
    try {
      calls().check((int) calls().streamSynchronize.invokeExact(line), "cuStreamSynchronize");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Whether the line is empty. */
  public boolean isDone() {
    long line = handle();
    try {
      int result = (int) calls().streamQuery.invokeExact(line);
      if (result == NOT_READY) {
        return false;
      }
      calls().check(result, "cuStreamQuery");
      return true;
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Lets what comes next in this line wait for an event of any line. */
  public void await(CudaEvent event) {
    long line = handle();
    try {
      calls()
          .check(
              (int) calls().streamWaitEvent.invokeExact(line, event.handle(), 0),
              "cuStreamWaitEvent");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /**
   * Memory in this line's order: it is there for what comes next, and closing it gives it back when
   * the line has come so far.
   */
  public CudaMemory allocate(long bytes) {
    long line = handle();
    try (Out out = new Out(8)) {
      calls()
          .check(
              (int) calls().memAllocAsync.invokeExact(out.address(), bytes, line),
              "cuMemAllocAsync",
              () -> bytes + " bytes on device " + context().ordinal());
      return CudaMemory.ordered(this, out.getLong(0), bytes);
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Host to device; the host's memory must stay as it is until the line has come so far. */
  public void upload(long deviceAddress, long hostAddress, long bytes) {
    long line = handle();
    try {
      calls()
          .check(
              (int) calls().memcpyHtoDAsync.invokeExact(deviceAddress, hostAddress, bytes, line),
              "cuMemcpyHtoDAsync_v2",
              () -> bytes + " bytes");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Device to host, where it is when the line has come so far. */
  public void download(long hostAddress, long deviceAddress, long bytes) {
    long line = handle();
    try {
      calls()
          .check(
              (int) calls().memcpyDtoHAsync.invokeExact(hostAddress, deviceAddress, bytes, line),
              "cuMemcpyDtoHAsync_v2",
              () -> bytes + " bytes");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Device to the same device. */
  public void copy(long to, long from, long bytes) {
    long line = handle();
    try {
      calls()
          .check(
              (int) calls().memcpyDtoDAsync.invokeExact(to, from, bytes, line),
              "cuMemcpyDtoDAsync_v2",
              () -> bytes + " bytes");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Another device's memory to a device's. */
  public void copyBetween(
      long to, CudaContext toContext, long from, CudaContext fromContext, long bytes) {
    long line = handle();
    try {
      calls()
          .check(
              (int)
                  calls()
                      .memcpyPeerAsync
                      .invokeExact(to, toContext.handle(), from, fromContext.handle(), bytes, line),
              "cuMemcpyPeerAsync",
              () ->
                  bytes
                      + " bytes from device "
                      + fromContext.ordinal()
                      + " to "
                      + toContext.ordinal());
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Fills with a byte. */
  public void fill(long address, byte value, long bytes) {
    long line = handle();
    try {
      calls()
          .check(
              (int) calls().memsetD8Async.invokeExact(address, value & 0xff, bytes, line),
              "cuMemsetD8Async",
              () -> bytes + " bytes");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Fills with 32-bit words. */
  public void fillWords(long address, int value, long words) {
    long line = handle();
    try {
      calls()
          .check(
              (int) calls().memsetD32Async.invokeExact(address, value, words, line),
              "cuMemsetD32Async",
              () -> words + " words");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  @Override
  void destroy(long owned) throws Throwable {
    calls().check((int) calls().streamDestroy.invokeExact(owned), "cuStreamDestroy_v2");
  }
}
