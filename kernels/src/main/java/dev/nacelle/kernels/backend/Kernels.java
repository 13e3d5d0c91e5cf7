package dev.nacelle.kernels.backend;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.reference.ReferenceProducts;
import org.jspecify.annotations.Nullable;

/** Opens the best set of operators that this machine has. */
public final class Kernels {
  private Kernels() {}

  /**
   * The C library where there is one, else the Java reference, whose {@link
   * KernelSet#fallbackReason} then says why.
   *
   * @param threads how many threads each operator uses, at least 1
   * @param isa {@code generic}, {@code avx2}, {@code avx512}, {@code amx} or {@code neon}; null for
   *     {@code NACELLE_ISA}, and where that is unset the best that this processor runs
   * @throws IllegalArgumentException if this processor cannot run the level asked for
   */
  public static KernelSet open(int threads, @Nullable String isa) {
    KernelLibrary.Opened opened = KernelLibrary.open(threads, isa);
    KernelLibrary library = opened.library();
    return library == null
        ? new ReferenceKernelSet(threads, opened.reason(), ProductLibraries.withoutLibrary(threads))
        : new CpuKernelSet(library);
  }

  /** The Java reference itself, as an oracle. */
  public static KernelSet reference() {
    return new ReferenceKernelSet(1, "asked for by name", new ReferenceProducts());
  }
}
