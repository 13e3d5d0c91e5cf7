package dev.nacelle.nativeaccess.cuda;

import org.jspecify.annotations.Nullable;

/** Memory of a device. */
public final class CudaMemory extends Owned {
  private final long address;
  private final long bytes;
  private final @Nullable CudaStream order;

  private CudaMemory(CudaContext context, long address, long bytes, @Nullable CudaStream order) {
    super(context, address, "device memory");
    this.address = address;
    this.bytes = bytes;
    this.order = order;
  }

  static CudaMemory of(CudaContext context, long address, long bytes) {
    return new CudaMemory(context, address, bytes, null);
  }

  static CudaMemory ordered(CudaStream order, long address, long bytes) {
    return new CudaMemory(order.context(), address, bytes, order);
  }

  /** Where the device has it; the processor must not read there. */
  public long address() {
    return address;
  }

  public long bytes() {
    return bytes;
  }

  /** Copies from the host, and waits. */
  public void write(long hostAddress, long count) {
    within(count);
    long to = handle();
    try {
      calls()
          .check(
              (int) calls().memcpyHtoD.invokeExact(to, hostAddress, count),
              "cuMemcpyHtoD_v2",
              () -> count + " bytes");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  /** Copies to the host, and waits. */
  public void read(long hostAddress, long count) {
    within(count);
    long from = handle();
    try {
      calls()
          .check(
              (int) calls().memcpyDtoH.invokeExact(hostAddress, from, count),
              "cuMemcpyDtoH_v2",
              () -> count + " bytes");
    } catch (Throwable t) {
      throw calls().unexpected(t);
    }
  }

  private void within(long count) {
    if (count < 0 || count > bytes) {
      throw new IllegalArgumentException(count + " bytes of device memory of " + bytes);
    }
  }

  @Override
  void destroy(long owned) throws Throwable {
    CudaStream line = order;
    if (line == null) {
      calls().check((int) calls().memFree.invokeExact(owned), "cuMemFree_v2");
    } else {
      calls().check((int) calls().memFreeAsync.invokeExact(owned, line.handle()), "cuMemFreeAsync");
    }
  }
}
