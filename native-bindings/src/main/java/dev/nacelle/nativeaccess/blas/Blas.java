package dev.nacelle.nativeaccess.blas;

import static dev.nacelle.nativeaccess.ffm.Linking.F32;
import static dev.nacelle.nativeaccess.ffm.Linking.I32;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import dev.nacelle.nativeaccess.loader.NativeLibraries;
import dev.nacelle.nativeaccess.threads.ThreadGovernor;
import java.lang.invoke.MethodHandle;

/**
 * OpenBLAS: fp32 products of row-major matrices. It needs no LibTorch. How many threads it uses is
 * {@link ThreadGovernor}'s number, or what {@link #withThreads} asks for; whose threads they are,
 * {@link #runJobsWith} says.
 */
public final class Blas {
  private static final int ROW_MAJOR = 101;
  private static final int NO_TRANSPOSE = 111;
  private static final int TRANSPOSE = 112;

  private static final class Holder {
    static final Blas SHARED = new Blas();
  }

  private static final class Bound {
    static final DynamicLibrary LIBRARY = NativeLibraries.shared().openBlas();
    static final MethodHandle SGEMM =
        LIBRARY.bind(
            "cblas_sgemm",
            Linking.nothing(I32, I32, I32, I32, I32, I32, F32, PTR, I32, PTR, I32, F32, PTR, I32));
    static final MethodHandle SET_NUM_THREADS =
        LIBRARY.bind("openblas_set_num_threads", Linking.nothing(I32));
    static final MethodHandle GET_NUM_THREADS =
        LIBRARY.bind("openblas_get_num_threads", Linking.int32());
    static final MethodHandle GET_CONFIG = LIBRARY.bind("openblas_get_config", Linking.int64());
    static final MethodHandle GET_CORE_NAME =
        LIBRARY.bind("openblas_get_corename", Linking.int64());
    static final MethodHandle SET_CALLBACK =
        LIBRARY.bindLazily("openblas_set_threads_callback_function", Linking.nothing(PTR));
  }

  private final Object gate = new Object();
  private int running;

  private Blas() {
    ThreadGovernor.follow(Blas::setThreads);
  }

  /**
   * Opens OpenBLAS, once.
   *
   * @throws dev.nacelle.nativeaccess.NativeException if it is not found; the message says where it
   *     was looked for and what helps
   */
  public static Blas load() {
    NativeLibraries.shared().openBlas();
    return Holder.SHARED;
  }

  /**
   * Multiplies with a number of threads. OpenBLAS has one for the whole process: products of
   * another number wait until those that run are done, so that no engine changes the bits of
   * another.
   */
  public void withThreads(int count, Runnable products) {
    enter(count);
    try {
      products.run();
    } finally {
      synchronized (gate) {
        running--;
        gate.notifyAll();
      }
    }
  }

  private void enter(int count) {
    boolean interrupted = false;
    synchronized (gate) {
      while (running > 0 && threads() != count) {
        try {
          gate.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (threads() != count) {
        setThreads(count);
      }
      running++;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * c = alpha · op(a)·op(b) + beta · c on bare addresses, which nothing checks. With {@code beta} 0
   * whatever c held is overwritten, NaN included.
   *
   * @param a (m, k), or (k, m) when transposed; row stride {@code lda} elements
   * @param b (k, n), or (n, k) when transposed; row stride {@code ldb} elements
   * @param c (m, n); row stride {@code ldc} elements
   */
  public void sgemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      float alpha,
      long a,
      int lda,
      long b,
      int ldb,
      float beta,
      long c,
      int ldc) {
    try {
      Bound.SGEMM.invokeExact(
          ROW_MAJOR,
          transposeA ? TRANSPOSE : NO_TRANSPOSE,
          transposeB ? TRANSPOSE : NO_TRANSPOSE,
          m,
          n,
          k,
          alpha,
          a,
          lda,
          b,
          ldb,
          beta,
          c,
          ldc);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /**
   * The same on buffers, from their first element on.
   *
   * @throws IllegalArgumentException if a size is negative, a row stride too short, or a matrix
   *     longer than its buffer
   */
  public void sgemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      float alpha,
      NativeBuffer a,
      int lda,
      NativeBuffer b,
      int ldb,
      float beta,
      NativeBuffer c,
      int ldc) {
    if (m < 0 || n < 0 || k < 0) {
      throw new IllegalArgumentException("a product of " + m + "×" + k + " and " + k + "×" + n);
    }
    check("a", a, transposeA ? k : m, transposeA ? m : k, lda);
    check("b", b, transposeB ? n : k, transposeB ? k : n, ldb);
    check("c", c, m, n, ldc);
    sgemm(
        transposeA,
        transposeB,
        m,
        n,
        k,
        alpha,
        a.address(),
        lda,
        b.address(),
        ldb,
        beta,
        c.address(),
        ldc);
  }

  private static void check(String name, NativeBuffer buffer, int rows, int columns, int stride) {
    long needed = rows == 0 || columns == 0 ? 0 : 4 * ((rows - 1L) * stride + columns);
    if (stride < Math.max(1, columns) || needed > buffer.byteSize()) {
      throw new IllegalArgumentException(
          "sgemm's "
              + name
              + " of "
              + rows
              + "×"
              + columns
              + " with row stride "
              + stride
              + " needs "
              + needed
              + " bytes, its buffer has "
              + buffer.byteSize());
    }
  }

  /** How OpenBLAS was built and what it runs on, in its own words. */
  public String config() {
    try {
      return RawMemory.utf8((long) Bound.GET_CONFIG.invokeExact());
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** The processor family whose kernels it chose: {@code SkylakeX}, {@code Zen} … */
  public String coreName() {
    try {
      return RawMemory.utf8((long) Bound.GET_CORE_NAME.invokeExact());
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** The file that was opened. */
  public String path() {
    return Bound.LIBRARY.path();
  }

  /** How many threads a large product uses. */
  public int threads() {
    try {
      return (int) Bound.GET_NUM_THREADS.invokeExact();
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /**
   * Hands OpenBLAS's parallel work to another pool, so that its own threads never wake and no pool
   * spins while another works. The function has C's signature
   *
   * <pre>{@code
   * void run(int sync, void (*job)(int thread, void *data, int index), int jobs,
   *          size_t job_bytes, void *data, int index);
   * }</pre>
   *
   * and must call {@code job(i, data + i * job_bytes, index)} for every i below {@code jobs}, all
   * of them at the same time where the work needs them to meet, and return when all are done.
   *
   * @param function its address; 0 gives the work back to OpenBLAS's own threads
   */
  public void runJobsWith(long function) {
    try {
      Bound.SET_CALLBACK.invokeExact(function);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  private static void setThreads(int count) {
    try {
      Bound.SET_NUM_THREADS.invokeExact(count);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }
}
