package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.devices.Processor;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.backend.Kernels;
import java.nio.file.Path;

/** The kernels that models are trained and run with. */
public final class ComputeKernels {
  private static final int MOST_THREADS = 1024;

  private ComputeKernels() {}

  /**
   * How many threads to compute with.
   *
   * @param asked 0 for as many as there are physical cores
   * @throws NacelleException of kind USAGE for a number that is not possible
   */
  public static int threads(int asked) {
    if (asked < 0 || asked > MOST_THREADS) {
      throw NacelleException.usage(
          "--threads " + asked + " is not possible", "choose a number from 1 to " + MOST_THREADS);
    }
    return asked > 0 ? asked : Processor.read(Path.of("/")).usableCores();
  }

  /**
   * Opens the C library, or the Java reference where there is none.
   *
   * @throws NacelleException of kind USAGE where NACELLE_ISA asks for what this processor lacks
   */
  public static KernelSet open(int threads) {
    try {
      return Kernels.open(threads, null);
    } catch (IllegalArgumentException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          String.valueOf(e.getMessage()),
          "unset NACELLE_ISA, or choose a level that this processor runs",
          e);
    }
  }
}
