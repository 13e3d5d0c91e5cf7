package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.NativeBuffer;

/** Host memory that stays where it is, so that the device can reach it by itself. */
public final class PinnedMemory extends Owned {
  private final long address;
  private final long bytes;
  private final boolean allocated;

  private PinnedMemory(CudaContext context, long address, long bytes, boolean allocated) {
    super(context, address, "pinned memory");
    this.address = address;
    this.bytes = bytes;
    this.allocated = allocated;
  }

  static PinnedMemory allocated(CudaContext context, long address, long bytes) {
    return new PinnedMemory(context, address, bytes, true);
  }

  static PinnedMemory registered(CudaContext context, long address, long bytes) {
    return new PinnedMemory(context, address, bytes, false);
  }

  /** The memory itself, for the processor; not to be used after {@link #close}. */
  public NativeBuffer buffer() {
    handle();
    return NativeBuffer.borrow(address, bytes);
  }

  /** Where the device reaches it. */
  public long deviceAddress() {
    long host = handle();
    try (Out out = new Out(8)) {
      calls()
          .check(
              (int) calls().memHostGetDevicePointer.invokeExact(out.address(), host, 0),
              "cuMemHostGetDevicePointer_v2",
              () -> bytes + " bytes");
      return out.getLong(0);
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  @Override
  void destroy(long owned) throws Throwable {
    if (allocated) {
      calls().check((int) calls().memFreeHost.invokeExact(owned), "cuMemFreeHost");
    } else {
      calls().check((int) calls().memHostUnregister.invokeExact(owned), "cuMemHostUnregister");
    }
  }
}
