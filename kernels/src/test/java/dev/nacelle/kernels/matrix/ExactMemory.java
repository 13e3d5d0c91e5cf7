package dev.nacelle.kernels.matrix;

import static dev.nacelle.nativeaccess.ffm.Linking.I64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.nativeaccess.ffm.Linking;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * Memory by AddressSanitizer's own allocator, not a byte more than asked for, so that the first one
 * behind it is forbidden.
 */
final class ExactMemory implements NativeMemory.Source {
  private final MethodHandle allocate;
  private final MethodHandle free;
  private final MemorySegment address = Arena.global().allocate(ValueLayout.JAVA_LONG);

  private ExactMemory(MethodHandle allocate, MethodHandle free) {
    this.allocate = allocate;
    this.free = free;
  }

  /**
   * @param sanitizer libasan.so, which the process was started with
   */
  static ExactMemory of(Path sanitizer) {
    SymbolLookup symbols = SymbolLookup.libraryLookup(sanitizer, Arena.global());
    Linker linker = Linker.nativeLinker();
    return new ExactMemory(
        linker.downcallHandle(symbols.findOrThrow("posix_memalign"), Linking.int32(PTR, I64, I64)),
        linker.downcallHandle(symbols.findOrThrow("free"), Linking.nothing(PTR)));
  }

  @Override
  public long allocate(long bytes) {
    try {
      int rc = (int) allocate.invokeExact(address.address(), NativeMemory.ALIGNMENT, bytes);
      return rc == 0 ? address.get(ValueLayout.JAVA_LONG, 0) : 0;
    } catch (Throwable t) {
      throw new NativeException("posix_memalign failed", t);
    }
  }

  @Override
  public void free(long at) {
    try {
      free.invokeExact(at);
    } catch (Throwable t) {
      throw new NativeException("free failed", t);
    }
  }
}
