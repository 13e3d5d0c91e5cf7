package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.ffm.RawMemory;

/** A place in a line of work. */
public final class CudaEvent extends Owned {
  private static final int NOT_READY = 600;

  CudaEvent(CudaContext context, long handle) {
    super(context, handle, "CUDA event");
  }

  /** Puts it in line. */
  public void record(CudaStream stream) {
    long event = handle();
    try {
      calls().check((int) calls().eventRecord.invokeExact(event, stream.handle()), "cuEventRecord");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Whether its line has come so far. */
  public boolean isDone() {
    long event = handle();
    try {
      int result = (int) calls().eventQuery.invokeExact(event);
      if (result == NOT_READY) {
        return false;
      }
      calls().check(result, "cuEventQuery");
      return true;
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Waits until its line has come so far. */
  public void synchronize() {
    long event = handle();
    try {
      calls().check((int) calls().eventSynchronize.invokeExact(event), "cuEventSynchronize");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Seconds from an earlier event to this one; both timed and done. */
  public double secondsSince(CudaEvent earlier) {
    long event = handle();
    try (Out out = new Out(8)) {
      calls()
          .check(
              (int) calls().eventElapsedTime.invokeExact(out.address(), earlier.handle(), event),
              "cuEventElapsedTime_v2");
      return Float.intBitsToFloat(RawMemory.getInt(out.address())) * 1e-3;
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  @Override
  void destroy(long owned) throws Throwable {
    calls().check((int) calls().eventDestroy.invokeExact(owned), "cuEventDestroy_v2");
  }
}
