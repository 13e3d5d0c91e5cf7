package dev.nacelle.cli.op;

import dev.nacelle.NacelleException;
import dev.nacelle.devices.Processor;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.backend.Kernels;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The kernels behind {@code --backend} and {@code --threads}. */
final class Sets {
  private static final int MOST_THREADS = 1024;

  private Sets() {}

  /** The number of threads, checked; 0 asks for the physical cores. */
  static int threads(int asked) {
    if (asked < 0 || asked > MOST_THREADS) {
      throw NacelleException.usage(
          "--threads " + asked + " is not possible", "choose a number from 1 to " + MOST_THREADS);
    }
    return asked > 0 ? asked : Processor.read(Path.of("/")).usableCores();
  }

  /**
   * Opens a backend; null takes the C library, and says so where only the Java reference runs.
   *
   * @throws NacelleException of kind ENVIRONMENT when the backend asked for is not here
   */
  static KernelSet open(@Nullable Backend backend, int threads, Speech speech) {
    if (backend == Backend.REFERENCE) {
      return Kernels.reference();
    }
    KernelSet kernels;
    try {
      kernels = Kernels.open(threads, null);
    } catch (IllegalArgumentException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          String.valueOf(e.getMessage()),
          "unset NACELLE_ISA, or choose a level that this processor runs",
          e);
    }
    String reason = kernels.fallbackReason();
    if (reason != null && backend != null) {
      kernels.close();
      throw NacelleException.environment(
          "the backend '" + backend.label() + "' cannot run here: " + reason,
          "run './nacelle doctor', or give --backend reference",
          null);
    }
    if (reason != null) {
      speech.note(reason);
    }
    return kernels;
  }
}
