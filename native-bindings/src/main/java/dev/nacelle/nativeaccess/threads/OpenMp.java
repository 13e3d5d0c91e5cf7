package dev.nacelle.nativeaccess.threads;

import static dev.nacelle.nativeaccess.ffm.Linking.I32;

import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.loader.NativeLibraries;
import java.lang.invoke.MethodHandle;

/**
 * The OpenMP runtime that LibTorch and our kernels share. Open it before any library that was built
 * with {@code -fopenmp}, so that all of them bind to this copy.
 */
public final class OpenMp {
  private final DynamicLibrary library;
  private final MethodHandle setNumThreads;
  private final MethodHandle maxThreads;

  private static final class Holder {
    static final OpenMp SHARED = new OpenMp(NativeLibraries.shared().openMp());
  }

  private OpenMp(DynamicLibrary library) {
    this.library = library;
    this.setNumThreads = library.bind("omp_set_num_threads", Linking.nothing(I32));
    this.maxThreads = library.bind("omp_get_max_threads", Linking.int32());
    ThreadGovernor.follow(this::threads);
  }

  /**
   * Opens it, once.
   *
   * @throws dev.nacelle.nativeaccess.NativeException if there is none
   */
  public static OpenMp load() {
    return Holder.SHARED;
  }

  /** The file that was opened. */
  public String path() {
    return library.path();
  }

  /** How many threads the next parallel region of the calling thread gets. */
  public int threads() {
    try {
      return (int) maxThreads.invokeExact();
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** Sets that number; OpenMP keeps one for each thread that starts regions. */
  void threads(int count) {
    try {
      setNumThreads.invokeExact(count);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }
}
