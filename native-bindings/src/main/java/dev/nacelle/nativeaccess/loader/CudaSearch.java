package dev.nacelle.nativeaccess.loader;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where CUDA's libraries may lie, the likeliest first; absolute paths, then bare names. */
final class CudaSearch {
  /** JetPack 6 and 7, JetPack 4 and 5, Windows' subsystem, containers with a compatible driver. */
  private static final List<String> DRIVER_FOLDERS =
      List.of(
          "usr/lib/aarch64-linux-gnu/nvidia",
          "usr/lib/aarch64-linux-gnu/tegra",
          "usr/lib/x86_64-linux-gnu",
          "usr/lib/aarch64-linux-gnu",
          "usr/lib64",
          "usr/lib/wsl/lib",
          "usr/local/cuda/compat");

  /** Of a wheel of CUDA 13, of one of 11 or 12, of PyTorch's own build. */
  private static final List<String> WHEEL_FOLDERS =
      List.of("nvidia/cu13/lib", "nvidia/cuda_nvrtc/lib", "torch/lib");

  /** Versions since JetPack 4, which has 10.2. */
  private static final List<String> NVRTC_NAMES =
      List.of(
          "libnvrtc.so.13",
          "libnvrtc.so.12",
          "libnvrtc.so.11.2",
          "libnvrtc.so.10.2",
          "libnvrtc.so");

  private final UnaryOperator<@Nullable String> environment;
  private final Path root;

  CudaSearch(UnaryOperator<@Nullable String> environment, Path root) {
    this.environment = environment;
    this.root = root;
  }

  /** Candidates for libcuda. One that NACELLE_LIBCUDA names is the only one. */
  List<String> driver() {
    String named = environment.apply("NACELLE_LIBCUDA");
    if (named != null && !named.isEmpty()) {
      return List.of(file(Path.of(named), "libcuda.so*"));
    }
    List<String> found = new ArrayList<>();
    for (String folder : DRIVER_FOLDERS) {
      Path file = root.resolve(folder).resolve("libcuda.so.1");
      if (Files.exists(file)) {
        found.add(file.toString());
      }
    }
    found.add("libcuda.so.1");
    return found;
  }

  /** Candidates for NVML, which the driver brings. One that NACELLE_NVML names is the only one. */
  List<String> nvml() {
    String named = environment.apply("NACELLE_NVML");
    if (named != null && !named.isEmpty()) {
      return List.of(file(Path.of(named), "libnvidia-ml.so*"));
    }
    List<String> found = new ArrayList<>();
    for (String folder : DRIVER_FOLDERS) {
      Path file = root.resolve(folder).resolve("libnvidia-ml.so.1");
      if (Files.exists(file)) {
        found.add(file.toString());
      }
    }
    found.add("libnvidia-ml.so.1");
    return found;
  }

  /** Candidates for NVRTC. One that NACELLE_NVRTC names is the only one. */
  List<String> nvrtc() {
    String named = environment.apply("NACELLE_NVRTC");
    if (named != null && !named.isEmpty()) {
      return List.of(file(Path.of(named), "libnvrtc.so*"));
    }
    List<String> found = new ArrayList<>();
    for (Path site : new PythonTorch(environment).sitePackages()) {
      for (String folder : WHEEL_FOLDERS) {
        add(site.resolve(folder), found);
      }
    }
    for (Path toolkit : toolkits()) {
      add(toolkit.resolve("lib64"), found);
      add(toolkit.resolve("targets/x86_64-linux/lib"), found);
      add(toolkit.resolve("targets/aarch64-linux/lib"), found);
    }
    for (String folder : List.of("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu")) {
      add(root.resolve(folder), found);
    }
    found.addAll(NVRTC_NAMES);
    return found;
  }

  /** /usr/local/cuda, then cuda-13.1 and its like, the newest first. */
  private List<Path> toolkits() {
    List<Path> found = new ArrayList<>();
    Path local = root.resolve("usr/local");
    if (Files.isDirectory(local.resolve("cuda"))) {
      found.add(local.resolve("cuda"));
    }
    List<Path> numbered = new ArrayList<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(local, "cuda-*")) {
      folders.forEach(numbered::add);
    } catch (IOException e) {
      return found; // no such folder
    }
    numbered.sort(Comparator.comparingDouble(CudaSearch::number).reversed());
    found.addAll(numbered);
    return found;
  }

  private static double number(Path toolkit) {
    String digits = String.valueOf(toolkit.getFileName()).replaceFirst("cuda-", "");
    return digits.matches("[0-9]+(\\.[0-9]+)?") ? Double.parseDouble(digits) : 0;
  }

  private static void add(Path folder, List<String> found) {
    for (Path file : beside(folder.resolve("any"), "libnvrtc.so*")) {
      if (!found.contains(file.toString())) {
        found.add(file.toString());
      }
    }
  }

  /** A file as it is named, or the first of its kind in a folder. */
  private static String file(Path named, String pattern) {
    Path absolute = named.toAbsolutePath().normalize();
    if (Files.isDirectory(absolute)) {
      List<Path> inside = beside(absolute.resolve("any"), pattern);
      return inside.isEmpty() ? absolute + "/" + pattern : inside.getFirst().toString();
    }
    return absolute.toString();
  }

  /** Files of a pattern in a file's folder, the shortest name last: it may be a stub's. */
  static List<Path> beside(Path file, String pattern) {
    List<Path> found = new ArrayList<>();
    Path folder = file.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return found;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, pattern)) {
      for (Path f : files) {
        // The alternative build, which needs its own built-ins.
        if (!String.valueOf(f.getFileName()).contains(".alt.")) {
          found.add(f);
        }
      }
    } catch (IOException e) {
      return found;
    }
    found.sort(Comparator.comparingInt((Path p) -> p.toString().length()).reversed());
    return found;
  }
}
