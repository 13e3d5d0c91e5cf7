package dev.nacelle.nativeaccess.ffm;

import static dev.nacelle.nativeaccess.ffm.Linking.I32;
import static dev.nacelle.nativeaccess.ffm.Linking.I64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The few functions of the C library that we call. */
public final class Libc {
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;

  /** TIOCGWINSZ of Linux: fills rows, columns and two sizes in pixels, 16 bits each. */
  private static final long GET_WINDOW_SIZE = 0x5413;

  private static final int MADV_WILLNEED = 3;
  private static final int MADV_DONTNEED = 4;

  private Libc() {}

  private static final class Bound {
    static final MethodHandle ALIGNED_ALLOC =
        Linking.libc("aligned_alloc", Linking.int64(I64, I64));
    static final MethodHandle FREE = Linking.libc("free", Linking.nothing(PTR));
    static final MethodHandle MMAP =
        Linking.libc("mmap", Linking.int64(PTR, I64, I32, I32, I32, I64));
    static final MethodHandle MUNMAP = Linking.libc("munmap", Linking.int32(PTR, I64));
    static final MethodHandle GETPAGESIZE = Linking.libc("getpagesize", Linking.int32());
    static final MethodHandle MADVISE = Linking.libc("madvise", Linking.int32(PTR, I64, I32));
    static final MethodHandle SETENV = Linking.libc("setenv", Linking.int32(PTR, PTR, I32));
    static final MethodHandle GETENV = Linking.libc("getenv", Linking.int64(PTR));
    static final MethodHandle IOCTL =
        Linking.libc("ioctl", Linking.int32(I32, I64, PTR), Linker.Option.firstVariadicArg(2));
  }

  /** The address of {@code bytes} new bytes, 0 if there are none; both sizes as C asks for them. */
  public static long alignedAlloc(long alignment, long bytes) {
    try {
      return (long) Bound.ALIGNED_ALLOC.invokeExact(alignment, bytes);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  public static void free(long address) {
    try {
      Bound.FREE.invokeExact(address);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** The address of a range that becomes memory where it is touched, -1 if it is refused. */
  public static long reserve(long bytes) {
    try {
      return (long)
          Bound.MMAP.invokeExact(
              0L, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  public static void unmap(long address, long bytes) {
    try {
      int ignored = (int) Bound.MUNMAP.invokeExact(address, bytes);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** Bytes of a page: what addresses of mappings are multiples of. */
  public static int pageBytes() {
    try {
      return (int) Bound.GETPAGESIZE.invokeExact();
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** Asks for pages to be read ahead, or gives them back; hints, so that a refusal is nothing. */
  public static void advise(long address, long bytes, boolean needed) {
    try {
      int ignored =
          (int) Bound.MADVISE.invokeExact(address, bytes, needed ? MADV_WILLNEED : MADV_DONTNEED);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  private static final class Trimming {
    /** The GNU C library has it, others do not. */
    static final @Nullable MethodHandle MALLOC_TRIM = find();

    private static @Nullable MethodHandle find() {
      try {
        return Linking.libc("malloc_trim", Linking.int32(I64));
      } catch (UnsatisfiedLinkError e) {
        return null;
      }
    }
  }

  /** Gives back what {@code free} has kept; nothing where the C library cannot. */
  public static void trimHeap() {
    MethodHandle trim = Trimming.MALLOC_TRIM;
    if (trim == null) {
      return;
    }
    try {
      int ignored = (int) trim.invokeExact(0L);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /**
   * Sets a variable in the environment that native code reads. Java's own {@link System#getenv} was
   * copied at start and does not see it; libraries loaded later do.
   */
  public static void setEnvironment(String name, String value) {
    try (CString n = CString.of(name);
        CString v = CString.of(value)) {
      int ignored = (int) Bound.SETENV.invokeExact(n.address(), v.address(), 1);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** What native code reads from the environment. */
  public static @Nullable String environment(String name) {
    try (CString n = CString.of(name)) {
      long value = (long) Bound.GETENV.invokeExact(n.address());
      return value == 0 ? null : RawMemory.utf8(value);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** The columns of the terminal behind a file descriptor, 0 where it is none or does not say. */
  public static int terminalColumns(int descriptor) {
    long size = alignedAlloc(Long.BYTES, Long.BYTES);
    if (size == 0) {
      return 0;
    }
    try {
      RawMemory.putLong(size, 0);
      int rc = (int) Bound.IOCTL.invokeExact(descriptor, GET_WINDOW_SIZE, size);
      return rc == 0 ? RawMemory.getInt(size) >>> 16 : 0;
    } catch (Throwable t) {
      throw new AssertionError(t);
    } finally {
      free(size);
    }
  }
}
