package dev.nacelle.nativeaccess;

import java.lang.foreign.MemorySegment;

/**
 * Whether this JVM lets us call native code. From JDK 24 on a program says so with a flag; without
 * it the JVM prints a warning at the first native call, or, where {@code
 * --illegal-native-access=deny} was given (the default of a later JDK), refuses it.
 */
public final class NativeAccess {
  /** Both modules that call restricted methods; a jar on the class path belongs to neither. */
  private static final String MODULES = "dev.nacelle.nativeaccess,dev.nacelle.kernels";

  private NativeAccess() {}

  /** The flag that the JVM needs: for the module path, or for the class path. */
  public static String flag() {
    return "--enable-native-access="
        + (NativeAccess.class.getModule().isNamed() ? MODULES : "ALL-UNNAMED");
  }

  /**
   * Makes a native call that does nothing, so that a refusal comes with a sentence and not out of
   * the middle of a class's initialisation.
   *
   * @throws NativeException where the JVM refuses it; the message holds {@link #flag}
   */
  public static void check() {
    try {
      MemorySegment.NULL.reinterpret(1);
    } catch (IllegalCallerException e) {
      throw new NativeException(
          "this JVM refuses native access to Nacelle; start it with " + flag(), e);
    }
  }
}
