package dev.nacelle.nativeaccess.ffm;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/**
 * A shared library held open for the life of the process. It is opened by {@code dlopen} itself and
 * with global visibility, because LibTorch's libraries find each other, and our kernels find the
 * OpenMP runtime, through the names that are already loaded.
 */
public final class DynamicLibrary {
  private final String path;
  private final long handle;

  private DynamicLibrary(String path, long handle) {
    this.path = path;
    this.handle = handle;
  }

  private static final class Dl {
    private static final int RTLD_LAZY = 1;
    private static final int RTLD_GLOBAL = 0x100;

    static final MethodHandle OPEN =
        Linking.libc(
            "dlopen",
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    static final MethodHandle SYMBOL =
        Linking.libc(
            "dlsym",
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    static final MethodHandle ERROR =
        Linking.libc("dlerror", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
  }

  /**
   * Opens a library by absolute path, or by its bare name where the system's own search is wanted.
   *
   * @throws UnsatisfiedLinkError with the dynamic linker's own words
   */
  public static DynamicLibrary open(String pathOrName) {
    try (CString name = CString.of(pathOrName)) {
      long handle = (long) Dl.OPEN.invokeExact(name.address(), Dl.RTLD_LAZY | Dl.RTLD_GLOBAL);
      if (handle == 0) {
        long error = (long) Dl.ERROR.invokeExact();
        throw new UnsatisfiedLinkError(
            error == 0 ? "cannot open " + pathOrName : RawMemory.utf8(error));
      }
      return new DynamicLibrary(pathOrName, handle);
    } catch (UnsatisfiedLinkError e) {
      throw e;
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** What {@link #open} was given. */
  public String path() {
    return path;
  }

  /** The address of a function, 0 if the library and what it depends on have none of that name. */
  public long find(String symbol) {
    try (CString name = CString.of(symbol)) {
      return (long) Dl.SYMBOL.invokeExact(handle, name.address());
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /**
   * Binds a function.
   *
   * @throws UnsatisfiedLinkError if it is missing
   */
  public MethodHandle bind(String symbol, FunctionDescriptor type) {
    long address = find(symbol);
    if (address == 0) {
      throw missing(symbol);
    }
    return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(address), type);
  }

  /** As {@link #bind}; a missing function becomes a handle that throws when it is called. */
  public MethodHandle bindLazily(String symbol, FunctionDescriptor type) {
    if (find(symbol) != 0) {
      return bind(symbol, type);
    }
    MethodHandle thrower =
        MethodHandles.throwException(type.toMethodType().returnType(), UnsatisfiedLinkError.class)
            .bindTo(missing(symbol));
    return MethodHandles.dropArguments(thrower, 0, type.toMethodType().parameterList());
  }

  private UnsatisfiedLinkError missing(String symbol) {
    return new UnsatisfiedLinkError(path + " has no function " + symbol);
  }

  @Override
  public String toString() {
    return "DynamicLibrary[" + path + "]";
  }
}
