package dev.nacelle.kernels.common;

import dev.nacelle.nativeaccess.NativeException;
import java.lang.invoke.MethodHandle;

/**
 * The C functions of one instruction set, as the operators' faces see them: bound by name, called
 * with a number of threads.
 */
public interface NativeFunctions {
  /**
   * A function that returns nothing; {@code signature} has one letter for each argument: P address,
   * L int64, I int, F float, D double.
   *
   * @throws NativeException if the library has no such function
   */
  MethodHandle bind(String name, String signature);

  /** The same for a function that returns an int64. */
  MethodHandle bindLong(String name, String signature);

  /** The last argument of every function. */
  int threads();

  /** What a face throws when a bound call did: only linking errors can get there. */
  static NativeException failure(String name, Throwable cause) {
    return new NativeException("calling the C kernel " + name + " failed", cause);
  }
}
