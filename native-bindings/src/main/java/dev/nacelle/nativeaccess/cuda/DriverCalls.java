package dev.nacelle.nativeaccess.cuda;

import static dev.nacelle.nativeaccess.ffm.Linking.I32;
import static dev.nacelle.nativeaccess.ffm.Linking.I64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The functions of libcuda that we call, under the names that its header gives them. A name without
 * its {@code _v2} is another function: 32-bit sizes, or destruction that does not wait. Where an
 * older driver has only the plain name of a function that did not change its arguments, that one is
 * taken. All return CUresult.
 */
final class DriverCalls {
  private final DynamicLibrary library;
  private final Map<String, String> bound = new LinkedHashMap<>();

  final MethodHandle init;
  final MethodHandle driverGetVersion;
  final MethodHandle getErrorName;
  final MethodHandle getErrorString;
  final MethodHandle deviceGetCount;
  final MethodHandle deviceGet;
  final MethodHandle deviceGetName;
  final MethodHandle deviceGetAttribute;
  final MethodHandle deviceTotalMem;
  final MethodHandle deviceGetUuid;
  final MethodHandle deviceCanAccessPeer;
  final MethodHandle deviceGetDefaultMemPool;
  final MethodHandle devicePrimaryCtxRetain;
  final MethodHandle devicePrimaryCtxRelease;
  final MethodHandle ctxSetCurrent;
  final MethodHandle ctxSynchronize;
  final MethodHandle ctxEnablePeerAccess;
  final MethodHandle ctxDisablePeerAccess;
  final MethodHandle moduleLoadDataEx;
  final MethodHandle moduleUnload;
  final MethodHandle moduleGetFunction;
  final MethodHandle funcGetAttribute;
  final MethodHandle funcSetAttribute;
  final MethodHandle occupancy;
  final MethodHandle launchKernel;
  final MethodHandle streamCreate;
  final MethodHandle streamDestroy;
  final MethodHandle streamSynchronize;
  final MethodHandle streamQuery;
  final MethodHandle streamWaitEvent;
  final MethodHandle eventCreate;
  final MethodHandle eventDestroy;
  final MethodHandle eventRecord;
  final MethodHandle eventQuery;
  final MethodHandle eventSynchronize;
  final MethodHandle eventElapsedTime;
  final MethodHandle memGetInfo;
  final MethodHandle memAlloc;
  final MethodHandle memFree;
  final MethodHandle memAllocManaged;
  final MethodHandle memAllocAsync;
  final MethodHandle memAllocFromPoolAsync;
  final MethodHandle memFreeAsync;
  final MethodHandle memPoolCreate;
  final MethodHandle memPoolDestroy;
  final MethodHandle memPoolTrimTo;
  final MethodHandle memPoolSetAttribute;
  final MethodHandle memPoolGetAttribute;
  final MethodHandle memHostAlloc;
  final MethodHandle memFreeHost;
  final MethodHandle memHostRegister;
  final MethodHandle memHostUnregister;
  final MethodHandle memHostGetDevicePointer;
  final MethodHandle memcpyHtoD;
  final MethodHandle memcpyDtoH;
  final MethodHandle memcpyHtoDAsync;
  final MethodHandle memcpyDtoHAsync;
  final MethodHandle memcpyDtoDAsync;
  final MethodHandle memcpyPeerAsync;
  final MethodHandle memsetD8Async;
  final MethodHandle memsetD32Async;

  DriverCalls(DynamicLibrary library) {
    this.library = library;
    init = bind("cuInit", I32);
    driverGetVersion = bind("cuDriverGetVersion", PTR);
    getErrorName = bind("cuGetErrorName", I32, PTR);
    getErrorString = bind("cuGetErrorString", I32, PTR);
    deviceGetCount = bind("cuDeviceGetCount", PTR);
    deviceGet = bind("cuDeviceGet", PTR, I32);
    deviceGetName = bind("cuDeviceGetName", PTR, I32, I32);
    deviceGetAttribute = bind("cuDeviceGetAttribute", PTR, I32, I32);
    deviceTotalMem = bind("cuDeviceTotalMem_v2", PTR, I32);
    deviceGetUuid = bindEither("cuDeviceGetUuid_v2", "cuDeviceGetUuid", PTR, I32);
    deviceCanAccessPeer = bind("cuDeviceCanAccessPeer", PTR, I32, I32);
    deviceGetDefaultMemPool = bind("cuDeviceGetDefaultMemPool", PTR, I32);
    devicePrimaryCtxRetain = bind("cuDevicePrimaryCtxRetain", PTR, I32);
    devicePrimaryCtxRelease =
        bindEither("cuDevicePrimaryCtxRelease_v2", "cuDevicePrimaryCtxRelease", I32);
    ctxSetCurrent = bind("cuCtxSetCurrent", PTR);
    ctxSynchronize = bind("cuCtxSynchronize");
    ctxEnablePeerAccess = bind("cuCtxEnablePeerAccess", PTR, I32);
    ctxDisablePeerAccess = bind("cuCtxDisablePeerAccess", PTR);
    moduleLoadDataEx = bind("cuModuleLoadDataEx", PTR, PTR, I32, PTR, PTR);
    moduleUnload = bind("cuModuleUnload", PTR);
    moduleGetFunction = bind("cuModuleGetFunction", PTR, PTR, PTR);
    funcGetAttribute = bind("cuFuncGetAttribute", PTR, I32, PTR);
    funcSetAttribute = bind("cuFuncSetAttribute", PTR, I32, I32);
    occupancy = bind("cuOccupancyMaxActiveBlocksPerMultiprocessor", PTR, PTR, I32, I64);
    launchKernel = bind("cuLaunchKernel", PTR, I32, I32, I32, I32, I32, I32, I32, PTR, PTR, PTR);
    streamCreate = bind("cuStreamCreate", PTR, I32);
    streamDestroy = bind("cuStreamDestroy_v2", PTR);
    streamSynchronize = bind("cuStreamSynchronize", PTR);
    streamQuery = bind("cuStreamQuery", PTR);
    streamWaitEvent = bind("cuStreamWaitEvent", PTR, PTR, I32);
    eventCreate = bind("cuEventCreate", PTR, I32);
    eventDestroy = bind("cuEventDestroy_v2", PTR);
    eventRecord = bind("cuEventRecord", PTR, PTR);
    eventQuery = bind("cuEventQuery", PTR);
    eventSynchronize = bind("cuEventSynchronize", PTR);
    eventElapsedTime = bindEither("cuEventElapsedTime_v2", "cuEventElapsedTime", PTR, PTR, PTR);
    memGetInfo = bind("cuMemGetInfo_v2", PTR, PTR);
    memAlloc = bind("cuMemAlloc_v2", PTR, I64);
    memFree = bind("cuMemFree_v2", I64);
    memAllocManaged = bind("cuMemAllocManaged", PTR, I64, I32);
    memAllocAsync = bind("cuMemAllocAsync", PTR, I64, PTR);
    memAllocFromPoolAsync = bind("cuMemAllocFromPoolAsync", PTR, I64, PTR, PTR);
    memFreeAsync = bind("cuMemFreeAsync", I64, PTR);
    memPoolCreate = bind("cuMemPoolCreate", PTR, PTR);
    memPoolDestroy = bind("cuMemPoolDestroy", PTR);
    memPoolTrimTo = bind("cuMemPoolTrimTo", PTR, I64);
    memPoolSetAttribute = bind("cuMemPoolSetAttribute", PTR, I32, PTR);
    memPoolGetAttribute = bind("cuMemPoolGetAttribute", PTR, I32, PTR);
    memHostAlloc = bind("cuMemHostAlloc", PTR, I64, I32);
    memFreeHost = bind("cuMemFreeHost", PTR);
    memHostRegister = bindEither("cuMemHostRegister_v2", "cuMemHostRegister", PTR, I64, I32);
    memHostUnregister = bind("cuMemHostUnregister", PTR);
    memHostGetDevicePointer = bind("cuMemHostGetDevicePointer_v2", PTR, PTR, I32);
    memcpyHtoD = bind("cuMemcpyHtoD_v2", I64, PTR, I64);
    memcpyDtoH = bind("cuMemcpyDtoH_v2", PTR, I64, I64);
    memcpyHtoDAsync = bind("cuMemcpyHtoDAsync_v2", I64, PTR, I64, PTR);
    memcpyDtoHAsync = bind("cuMemcpyDtoHAsync_v2", PTR, I64, I64, PTR);
    memcpyDtoDAsync = bind("cuMemcpyDtoDAsync_v2", I64, I64, I64, PTR);
    memcpyPeerAsync = bind("cuMemcpyPeerAsync", I64, PTR, I64, PTR, I64, PTR);
    memsetD8Async = bind("cuMemsetD8Async", I64, I32, I64, PTR);
    memsetD32Async = bind("cuMemsetD32Async", I64, I32, I64, PTR);
  }

  private MethodHandle bind(String symbol, MemoryLayout... arguments) {
    bound.put(symbol, symbol);
    return library.bindLazily(symbol, Linking.int32(arguments));
  }

  private MethodHandle bindEither(String symbol, String older, MemoryLayout... arguments) {
    String found = library.find(symbol) == 0 && library.find(older) != 0 ? older : symbol;
    bound.put(symbol, found);
    return library.bindLazily(found, Linking.int32(arguments));
  }

  /** Every name that we ask for, and the one that this driver has for it. */
  Map<String, String> bound() {
    return Map.copyOf(bound);
  }

  /** Whether this driver has a function. */
  boolean has(String symbol) {
    return library.find(symbol) != 0;
  }

  String path() {
    return library.path();
  }

  /**
   * Throws where a call failed.
   *
   * @param call the function, for the message
   * @param about what it was about: sizes, a launch's shape
   */
  void check(int result, String call, Supplier<String> about) {
    if (result != 0) {
      throw failure(result, call, about.get());
    }
  }

  void check(int result, String call) {
    check(result, call, () -> "");
  }

  private CudaException failure(int result, String call, String about) {
    String name = text(getErrorName, result);
    String words = text(getErrorString, result);
    String shown = name == null ? "CUDA error " + result : name;
    return new CudaException(
        result,
        shown,
        call
            + (about.isEmpty() ? "" : " (" + about + ")")
            + " failed: "
            + shown
            + (words == null ? "" : ", " + words));
  }

  private static @Nullable String text(MethodHandle call, int result) {
    try (Arena arena = Arena.ofConfined()) {
      long out = arena.allocate(8, 8).address();
      int code = (int) call.invokeExact(result, out);
      long text = RawMemory.getLong(out);
      return code != 0 || text == 0 ? null : RawMemory.utf8(text);
    } catch (Throwable t) {
      return null; // the call that failed is what matters
    }
  }

  /** What a method handle threw: our own errors as they are, a missing function by its name. */
  RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof RuntimeException ours) {
      return ours;
    }
    if (thrown instanceof UnsatisfiedLinkError missing) {
      return new NativeException(
          "this CUDA driver is too old: " + missing.getMessage() + ". Install a newer one.",
          missing);
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    throw new AssertionError(thrown);
  }
}
