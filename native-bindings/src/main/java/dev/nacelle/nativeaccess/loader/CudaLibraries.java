package dev.nacelle.nativeaccess.loader;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA driver's library and NVRTC, looked for where wheels, toolkits and boards put them, each
 * opened at its first use.
 */
public final class CudaLibraries {
  private static final CudaLibraries SHARED =
      new CudaLibraries(CudaLibraries::setting, Path.of("/"));

  private final UnaryOperator<@Nullable String> environment;
  private final Path root;
  private @Nullable DynamicLibrary driver;
  private @Nullable DynamicLibrary nvrtc;
  private @Nullable DynamicLibrary nvml;

  /**
   * @param environment a variable's value, null where it is unset
   * @param root of the file system, another one in tests
   */
  CudaLibraries(UnaryOperator<@Nullable String> environment, Path root) {
    this.environment = environment;
    this.root = root;
  }

  /** The libraries of this process. */
  public static CudaLibraries shared() {
    return SHARED;
  }

  private static @Nullable String setting(String name) {
    String property = System.getProperty(name);
    return property != null ? property : System.getenv(name);
  }

  /**
   * libcuda.so.1.
   *
   * @throws NativeException where there is none, with what was tried
   */
  public synchronized DynamicLibrary driver() {
    DynamicLibrary open = driver;
    if (open == null) {
      open =
          first(
              new CudaSearch(environment, root).driver(),
              "the CUDA driver",
              "Install NVIDIA's driver, or set NACELLE_LIBCUDA to its libcuda.so.1.");
      driver = open;
    }
    return open;
  }

  /**
   * libnvidia-ml.so.1, which tells a GPU's power and temperature.
   *
   * @throws NativeException where there is none, with what was tried
   */
  public synchronized DynamicLibrary nvml() {
    DynamicLibrary open = nvml;
    if (open == null) {
      open =
          first(
              new CudaSearch(environment, root).nvml(),
              "NVML",
              "NVIDIA's driver brings it; NACELLE_NVML names another libnvidia-ml.so.1.");
      nvml = open;
    }
    return open;
  }

  /**
   * NVRTC, with the built-ins that lie beside it opened first: it asks for them by name alone.
   *
   * @throws NativeException where there is none, with what was tried
   */
  public synchronized DynamicLibrary nvrtc() {
    DynamicLibrary open = nvrtc;
    if (open == null) {
      List<String> candidates = new CudaSearch(environment, root).nvrtc();
      candidates.forEach(CudaLibraries::openBuiltins);
      open =
          first(
              candidates,
              "NVRTC",
              "Run pip install nvidia-cuda-nvrtc, or set NACELLE_NVRTC to its libnvrtc.so.");
      nvrtc = open;
    }
    return open;
  }

  private static void openBuiltins(String candidate) {
    if (!candidate.startsWith("/")) {
      return;
    }
    for (Path file : CudaSearch.beside(Path.of(candidate), "libnvrtc-builtins.so*")) {
      if (opens(file)) {
        return;
      }
    }
  }

  /** Where none does, NVRTC itself will say what it lacks. */
  private static boolean opens(Path file) {
    try {
      DynamicLibrary.open(file.toString());
      return true;
    } catch (UnsatisfiedLinkError e) {
      return false;
    }
  }

  private static DynamicLibrary first(List<String> candidates, String what, String remedy) {
    List<String> refusals = new ArrayList<>();
    for (String candidate : candidates) {
      try {
        return DynamicLibrary.open(candidate);
      } catch (UnsatisfiedLinkError e) {
        refusals.add(String.valueOf(e.getMessage()));
      }
    }
    throw new NativeException(
        what + " was not found. Tried: " + String.join("; ", refusals) + ". " + remedy);
  }

  /** Where both would be taken from; files are looked for, nothing is opened. */
  public List<FoundLibrary> report() {
    CudaSearch search = new CudaSearch(environment, root);
    return List.of(
        row("cuda-driver", search.driver(), "NVIDIA's driver"), row("nvrtc", search.nvrtc(), ""));
  }

  private static FoundLibrary row(String name, List<String> candidates, String origin) {
    Optional<String> file =
        candidates.stream().filter(c -> c.startsWith("/") && Files.exists(Path.of(c))).findFirst();
    return new FoundLibrary(
        name,
        file.isPresent() ? origin : "not found",
        file.orElse(null),
        file.flatMap(CudaLibraries::numbers).orElse(null),
        null);
  }

  /** What a library's real file name says behind {@code .so.}. */
  private static Optional<String> numbers(String file) {
    try {
      String name = String.valueOf(Path.of(file).toRealPath().getFileName());
      int at = name.indexOf(".so.");
      return at < 0 ? Optional.empty() : Optional.of(name.substring(at + 4));
    } catch (java.io.IOException e) {
      return Optional.empty();
    }
  }
}
