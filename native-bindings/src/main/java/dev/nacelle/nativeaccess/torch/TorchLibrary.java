package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.I32;

import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.loader.NativeLibraries;
import dev.nacelle.nativeaccess.threads.ThreadGovernor;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/** The opened library; the first class to touch it must be {@link TorchBackend}. */
final class TorchLibrary {
  private static final DynamicLibrary LIBRARY = NativeLibraries.shared().libTorch();

  private static final MethodHandle ABI_VERSION =
      LIBRARY.bind("aoti_torch_abi_version", Linking.int64());
  private static final MethodHandle GET_WHAT =
      LIBRARY.bindLazily("torch_exception_get_what_without_backtrace", Linking.int64());

  /**
   * at::set_num_threads, the one C++ function we call: the C interface can only read the number.
   */
  private static final MethodHandle SET_NUM_THREADS =
      LIBRARY.bindLazily("_ZN2at15set_num_threadsEi", Linking.nothing(I32));

  private static final boolean CAN_SET_THREADS = LIBRARY.find("_ZN2at15set_num_threadsEi") != 0;
  private static final boolean HAS_ERROR_TEXT =
      LIBRARY.find("torch_exception_get_what_without_backtrace") != 0;

  static {
    ThreadGovernor.follow(TorchLibrary::setThreads);
  }

  private TorchLibrary() {}

  /** Binds a function; one that this release lacks throws when it is called. */
  static MethodHandle bind(String symbol, FunctionDescriptor type) {
    return LIBRARY.bindLazily(symbol, type);
  }

  static boolean has(String symbol) {
    return LIBRARY.find(symbol) != 0;
  }

  static String path() {
    return LIBRARY.path();
  }

  /** Major version in bits 56 to 63, minor in 48 to 55, patch in 40 to 47. */
  static long abiVersion() {
    try {
      return (long) ABI_VERSION.invokeExact();
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  static boolean hasErrorText() {
    return HAS_ERROR_TEXT;
  }

  /** The address of the calling thread's last error text. */
  static long errorText() {
    try {
      return (long) GET_WHAT.invokeExact();
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  private static void setThreads(int count) {
    if (!CAN_SET_THREADS) {
      return; // OMP_NUM_THREADS, which the governor sets, is read at each thread's first region
    }
    try {
      SET_NUM_THREADS.invokeExact(count);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }
}
