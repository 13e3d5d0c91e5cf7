package dev.nacelle.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The C library at every level that this processor runs, with two threads. */
public final class Levels {
  /** Names the one level of a library that has no others: MutantsTest's. */
  public static final String ONLY = "nacelle.kernels.levels";

  private Levels() {}

  public static List<KernelLibrary> here() {
    return here(2);
  }

  public static List<KernelLibrary> here(int threads) {
    List<KernelLibrary> libraries = new ArrayList<>();
    String only = System.getProperty(ONLY);
    for (IsaLevel level : IsaLevel.values()) {
      if (only != null && !only.equals(level.label())) {
        continue;
      }
      Optional<KernelLibrary> library = open(threads, level);
      library.ifPresent(libraries::add);
    }
    assertFalse(libraries.isEmpty());
    return libraries;
  }

  /** Empty where this processor does not run the level. */
  private static Optional<KernelLibrary> open(int threads, IsaLevel level) {
    try {
      KernelLibrary.Opened opened = KernelLibrary.open(threads, level.label());
      KernelLibrary library = opened.library();
      assertNotNull(library, opened.reason());
      return Optional.of(library);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
