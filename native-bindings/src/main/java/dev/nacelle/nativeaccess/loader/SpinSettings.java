package dev.nacelle.nativeaccess.loader;

import dev.nacelle.nativeaccess.ffm.Libc;

/**
 * How long idle pool threads spin before they sleep. OpenMP's default spins for more than five
 * milliseconds after a parallel region and OpenBLAS's for about twenty-five, each on processors
 * that the other pool, or the Java compiler, wants meanwhile. Both read the environment when they
 * are opened; what the user has set stays.
 */
final class SpinSettings {
  /**
   * Iterations of a pause instruction: 0.5 ms where one takes 140 cycles (Intel since Skylake),
   * 0.15 ms where it takes 40 (AMD). Longer than the gaps between the operators of a step, shorter
   * than anything that another pool does.
   */
  private static final String OPENMP_SPINS = "10000";

  /** The logarithm of cycles: about 0.1 ms. */
  private static final String OPENBLAS_LOG_CYCLES = "18";

  private SpinSettings() {}

  /** Before the OpenMP runtime is opened. */
  static void openMp() {
    if (Libc.environment("GOMP_SPINCOUNT") == null && Libc.environment("OMP_WAIT_POLICY") == null) {
      Libc.setEnvironment("GOMP_SPINCOUNT", OPENMP_SPINS);
    }
  }

  /** Before OpenBLAS is opened. */
  static void openBlas() {
    if (Libc.environment("OPENBLAS_THREAD_TIMEOUT") == null) {
      Libc.setEnvironment("OPENBLAS_THREAD_TIMEOUT", OPENBLAS_LOG_CYCLES);
    }
  }
}
