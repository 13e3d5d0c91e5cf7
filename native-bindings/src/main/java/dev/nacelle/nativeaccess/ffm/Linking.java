package dev.nacelle.nativeaccess.ffm;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Binds functions of the C library, and spells signatures briefly. */
public final class Linking {
  /** C's {@code int}, {@code int32_t}, and enums. */
  public static final MemoryLayout I32 = ValueLayout.JAVA_INT;

  /** C's {@code int64_t} and {@code size_t}. */
  public static final MemoryLayout I64 = ValueLayout.JAVA_LONG;

  /** Pointers travel as plain longs: no segment is made for a call. */
  public static final MemoryLayout PTR = ValueLayout.JAVA_LONG;

  public static final MemoryLayout F32 = ValueLayout.JAVA_FLOAT;

  public static final MemoryLayout F64 = ValueLayout.JAVA_DOUBLE;

  private Linking() {}

  /**
   * Binds a function of the C library.
   *
   * @throws UnsatisfiedLinkError if the C library lacks it
   */
  public static MethodHandle libc(
      String symbol, FunctionDescriptor type, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker
            .defaultLookup()
            .find(symbol)
            .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no function " + symbol)),
        type,
        options);
  }

  /** A function that returns an {@code int}. */
  public static FunctionDescriptor int32(MemoryLayout... arguments) {
    return FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments);
  }

  /** A function that returns a 64-bit integer or a pointer. */
  public static FunctionDescriptor int64(MemoryLayout... arguments) {
    return FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments);
  }

  /** A function that returns nothing. */
  public static FunctionDescriptor nothing(MemoryLayout... arguments) {
    return FunctionDescriptor.ofVoid(arguments);
  }
}
