package dev.nacelle.devices;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Libraries in the usual folders of a recorded tree, by file names alone. What this machine really
 * opens is the loader's to say.
 */
public final class LibraryFiles {
  private static final List<String> SYSTEM =
      List.of(
          "/usr/lib/aarch64-linux-gnu",
          "/usr/lib/x86_64-linux-gnu",
          "/usr/lib/aarch64-linux-gnu/tegra",
          "/usr/lib64",
          "/usr/lib",
          "/usr/local/lib");

  private static final List<String> PYTHON = List.of("/usr/local/lib", "/usr/lib", "/opt/venv/lib");

  private static final Pattern TORCH_VERSION =
      Pattern.compile("__version__\\s*=\\s*['\"]([^'\"]+)['\"]");

  private LibraryFiles() {}

  /**
   * A library.
   *
   * @param path on the recorded machine
   * @param version null where the files do not say
   */
  public record Found(String name, String path, @Nullable String version) {}

  /** The libraries that the tree holds. */
  public static List<Found> find(DeviceFiles files) {
    List<Found> found = new ArrayList<>();
    system(files, "openmp", "libgomp.so.1", found);
    system(files, "openblas", "libopenblas.so.0", found);
    system(files, "cuda", "libcuda.so.1", found);
    torch(files, found);
    return found;
  }

  private static void system(DeviceFiles files, String name, String file, List<Found> found) {
    for (String folder : SYSTEM) {
      String path = folder + "/" + file;
      if (Files.exists(files.at(path)) || Files.isSymbolicLink(files.at(path))) {
        found.add(new Found(name, path, null));
        return;
      }
    }
  }

  private static void torch(DeviceFiles files, List<Found> found) {
    for (String prefix : PYTHON) {
      for (String python : pythons(files.at(prefix))) {
        for (String site : List.of("dist-packages", "site-packages")) {
          String torch = prefix + "/" + python + "/" + site + "/torch";
          if (files.exists(torch + "/lib/libtorch_cpu.so")) {
            String text = files.text(torch + "/version.py");
            Matcher m = TORCH_VERSION.matcher(text == null ? "" : text);
            found.add(
                new Found(
                    "libtorch", torch + "/lib/libtorch_cpu.so", m.find() ? m.group(1) : null));
            return;
          }
        }
      }
    }
  }

  private static List<String> pythons(Path lib) {
    List<String> names = new ArrayList<>();
    if (Files.isDirectory(lib)) {
      try (DirectoryStream<Path> all = Files.newDirectoryStream(lib, "python3*")) {
        all.forEach(p -> names.add(String.valueOf(p.getFileName())));
      } catch (IOException e) {
        return names;
      }
    }
    names.sort(null);
    return names.reversed();
  }
}
