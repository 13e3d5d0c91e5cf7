package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.ffm.RawMemory;

/** A pool from which streams take memory in their order. */
public final class CudaMemoryPool extends Owned {
  private static final int RELEASE_THRESHOLD = 4;
  private static final int RESERVED = 5;
  private static final int USED = 7;
  private static final int USED_HIGH = 8;

  private final boolean owned;

  private CudaMemoryPool(CudaContext context, long handle, boolean owned) {
    super(context, handle, "CUDA memory pool");
    this.owned = owned;
  }

  static CudaMemoryPool borrowed(CudaContext context, long handle) {
    return new CudaMemoryPool(context, handle, false);
  }

  static CudaMemoryPool owned(CudaContext context, long handle) {
    return new CudaMemoryPool(context, handle, true);
  }

  /** Memory of this pool in a stream's order; otherwise as {@link CudaStream#allocate}. */
  public CudaMemory allocate(long bytes, CudaStream stream) {
    long pool = handle();
    try (Out out = new Out(8)) {
      calls()
          .check(
              (int)
                  calls()
                      .memAllocFromPoolAsync
                      .invokeExact(out.address(), bytes, pool, stream.handle()),
              "cuMemAllocFromPoolAsync",
              () -> bytes + " bytes on device " + context().ordinal());
      return CudaMemory.ordered(stream, out.getLong(0), bytes);
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** How much it keeps at the next wait instead of giving it back to the system; 0 at first. */
  public void keep(long bytes) {
    long pool = handle();
    try (Out out = new Out(8)) {
      RawMemory.putLong(out.address(), bytes);
      calls()
          .check(
              (int) calls().memPoolSetAttribute.invokeExact(pool, RELEASE_THRESHOLD, out.address()),
              "cuMemPoolSetAttribute",
              () -> bytes + " bytes");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Gives back to the system what is above {@code bytes}. */
  public void trim(long bytes) {
    long pool = handle();
    try {
      calls()
          .check(
              (int) calls().memPoolTrimTo.invokeExact(pool, bytes),
              "cuMemPoolTrimTo",
              () -> bytes + " bytes");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /**
   * Bytes.
   *
   * @param reserved taken from the system
   * @param used handed out
   * @param peak handed out at most
   */
  public record Usage(long reserved, long used, long peak) {}

  public Usage usage() {
    return new Usage(attribute(RESERVED), attribute(USED), attribute(USED_HIGH));
  }

  private long attribute(int which) {
    long pool = handle();
    try (Out out = new Out(8)) {
      calls()
          .check(
              (int) calls().memPoolGetAttribute.invokeExact(pool, which, out.address()),
              "cuMemPoolGetAttribute",
              () -> "attribute " + which);
      return out.getLong(0);
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  @Override
  void destroy(long pool) throws Throwable {
    if (owned) {
      calls().check((int) calls().memPoolDestroy.invokeExact(pool), "cuMemPoolDestroy");
    }
  }
}
