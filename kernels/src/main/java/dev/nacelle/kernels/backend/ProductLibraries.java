package dev.nacelle.kernels.backend;

import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.cpu.IsaLevel;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Settings;
import dev.nacelle.kernels.reference.ReferenceElementwise;
import dev.nacelle.kernels.reference.ReferenceProducts;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.blas.Blas;
import java.util.List;

/**
 * Which library multiplies. {@value #VARIABLE} forces {@code nacelle} or {@code openblas}. Unset,
 * with AVX-512 ours is taken unasked: there it was faster than OpenBLAS on every shape of a step
 * (by 1.08 to 1.6 on an Intel Xeon, one thread, and by 1.7 to 2.1 with that Xeon's tile unit,
 * November 2026), and not opening OpenBLAS saves its memory. Nor is it asked where a lower level
 * than the processor's best was forced: that is for comparing levels. Elsewhere a measurement
 * decides.
 */
final class ProductLibraries {
  static final String VARIABLE = "NACELLE_PRODUCTS";

  private ProductLibraries() {}

  /**
   * @param ours the C library's own products
   * @throws IllegalArgumentException if the variable names no library
   */
  static Products choose(KernelLibrary library, Products ours) {
    String wanted = Settings.get(VARIABLE);
    if (wanted == null) {
      return library.level() == IsaLevel.AVX512
              || library.level() == IsaLevel.AMX
              || !library.isBestLevel()
          ? ours
          : measured(library, ours);
    }
    return switch (wanted) {
      case "nacelle" -> ours;
      case "openblas" -> openBlas(library, ours);
      case "measured" -> measured(library, ours);
      default ->
          throw new IllegalArgumentException(
              VARIABLE + " must be nacelle, openblas or measured, given '" + wanted + "'");
    };
  }

  /** Ours, and OpenBLAS where it can be opened. */
  static List<Products> present(KernelLibrary library, Products ours) {
    try {
      return List.of(ours, openBlas(library, ours));
    } catch (NativeException absent) {
      return List.of(ours);
    }
  }

  private static Products measured(KernelLibrary library, Products ours) {
    ChoiceFile choices =
        new ChoiceFile(Settings.cacheFolder(), library.level().label(), library.threads());
    return new MeasuredProducts(ours, () -> openBlas(library, ours), choices);
  }

  /** OpenBLAS with its work done by our pool: one pool, whoever multiplies. */
  private static Products openBlas(KernelLibrary library, Products ours) {
    Blas blas = Blas.load();
    blas.runJobsWith(library.jobRunner());
    return new OpenBlasProducts(blas, library.threads(), ours, null);
  }

  /** For a machine without our C library: OpenBLAS where there is one, else plain Java. */
  static Products withoutLibrary(int threads) {
    Products slow = new ReferenceProducts();
    Elementwise convert = new ReferenceElementwise();
    try {
      return new OpenBlasProducts(Blas.load(), threads, slow, convert);
    } catch (NativeException e) {
      return slow;
    }
  }
}
