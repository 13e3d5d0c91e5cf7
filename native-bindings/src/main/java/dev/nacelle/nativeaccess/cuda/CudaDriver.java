package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import dev.nacelle.nativeaccess.loader.CudaLibraries;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The CUDA driver of this machine, initialised. */
public final class CudaDriver {
  private static final int NAME_BYTES = 256;
  private static final int UUID_BYTES = 16;

  /** The first driver that knows of memory pools. */
  private static final int CUDA_11_2 = 11020;

  /** Those of cuda.h's CUdevice_attribute that we ask for; a driver's numbers never change. */
  private enum Attribute {
    MULTIPROCESSOR_COUNT(16),
    INTEGRATED(18),
    L2_CACHE_SIZE(38),
    MAX_THREADS_PER_MULTIPROCESSOR(39),
    COMPUTE_CAPABILITY_MAJOR(75),
    COMPUTE_CAPABILITY_MINOR(76),
    MAX_SHARED_MEMORY_PER_BLOCK_OPTIN(97),
    MEMORY_POOLS_SUPPORTED(115);

    private final int number;

    Attribute(int number) {
      this.number = number;
    }
  }

  private final DriverCalls calls;
  private final int version;

  private CudaDriver(DriverCalls calls) {
    this.calls = calls;
    try (Out out = new Out(8)) {
      calls.check((int) calls.init.invokeExact(0), "cuInit");
      calls.check((int) calls.driverGetVersion.invokeExact(out.address()), "cuDriverGetVersion");
      version = out.getInt(0);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /**
   * Initialises a driver.
   *
   * @param library libcuda.so.1
   * @throws CudaException where it refuses: CUDA_ERROR_NO_DEVICE where there is no GPU
   */
  public static CudaDriver open(DynamicLibrary library) {
    return new CudaDriver(new DriverCalls(library));
  }

  /**
   * This machine's driver, found and initialised.
   *
   * @throws NativeException where there is none, or {@link CudaException} where it refuses
   */
  public static CudaDriver open() {
    return open(CudaLibraries.shared().driver());
  }

  /** The newest CUDA that it runs: 12040 for 12.4. */
  public int version() {
    return version;
  }

  /** Where its library was found. */
  public String path() {
    return calls.path();
  }

  /** Every function that we ask for, with the name that this driver has for it. */
  Map<String, String> functions() {
    return calls.bound();
  }

  DriverCalls calls() {
    return calls;
  }

  /** The GPUs, in the driver's order. */
  public List<CudaDeviceInfo> devices() {
    try (Out out = new Out(8)) {
      calls.check((int) calls.deviceGetCount.invokeExact(out.address()), "cuDeviceGetCount");
      int count = out.getInt(0);
      List<CudaDeviceInfo> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        all.add(device(i));
      }
      return List.copyOf(all);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  private CudaDeviceInfo device(int ordinal) throws Throwable {
    int handle = handle(ordinal);
    try (Out out = new Out(NAME_BYTES)) {
      calls.check(
          (int) calls.deviceGetName.invokeExact(out.address(), NAME_BYTES, handle),
          "cuDeviceGetName");
      String name = RawMemory.utf8(out.address());
      calls.check(
          (int) calls.deviceTotalMem.invokeExact(out.address(), handle), "cuDeviceTotalMem_v2");
      long bytes = out.getLong(0);
      calls.check(
          (int) calls.deviceGetUuid.invokeExact(out.address(), handle), "cuDeviceGetUuid_v2");
      byte[] uuid = new byte[UUID_BYTES];
      for (int i = 0; i < UUID_BYTES; i++) {
        uuid[i] = RawMemory.getByte(out.at(i));
      }
      return new CudaDeviceInfo(
          ordinal,
          name,
          "GPU-" + HexFormat.of().formatHex(uuid),
          bytes,
          attribute(handle, Attribute.COMPUTE_CAPABILITY_MAJOR),
          attribute(handle, Attribute.COMPUTE_CAPABILITY_MINOR),
          attribute(handle, Attribute.MULTIPROCESSOR_COUNT),
          attribute(handle, Attribute.MAX_THREADS_PER_MULTIPROCESSOR),
          attribute(handle, Attribute.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
          attribute(handle, Attribute.L2_CACHE_SIZE),
          attribute(handle, Attribute.INTEGRATED) != 0,
          version >= CUDA_11_2 && attribute(handle, Attribute.MEMORY_POOLS_SUPPORTED) != 0);
    }
  }

  int handle(int ordinal) throws Throwable {
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.deviceGet.invokeExact(out.address(), ordinal),
          "cuDeviceGet",
          () -> "device " + ordinal);
      return out.getInt(0);
    }
  }

  private int attribute(int handle, Attribute attribute) throws Throwable {
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.deviceGetAttribute.invokeExact(out.address(), attribute.number, handle),
          "cuDeviceGetAttribute",
          () -> "attribute " + attribute);
      return out.getInt(0);
    }
  }

  /**
   * Holds on to a device's primary context, the one that LibTorch uses too.
   *
   * @throws CudaException for a device that is not there or refuses
   */
  public CudaContext context(int ordinal) {
    return CudaContext.retain(this, ordinal);
  }

  /** Whether one device can read the other's memory. */
  public boolean canReach(int from, int to) {
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.deviceCanAccessPeer.invokeExact(out.address(), handle(from), handle(to)),
          "cuDeviceCanAccessPeer",
          () -> "devices " + from + " and " + to);
      return out.getInt(0) != 0;
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  @Override
  public String toString() {
    return "CUDA driver " + version / 1000 + "." + version % 1000 / 10 + ", " + path();
  }
}
