package dev.nacelle.nativeaccess.loader;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Looks for PyTorch's folder in the site-packages of the Pythons that a user would run, by file
 * names alone: starting Python would cost more than loading LibTorch.
 */
final class PythonTorch {
  private final UnaryOperator<@Nullable String> environment;

  PythonTorch(UnaryOperator<@Nullable String> environment) {
    this.environment = environment;
  }

  /** Folders {@code …/torch} that hold {@code lib/libtorch_cpu.so}, the first wins. */
  List<Path> find() {
    List<Path> found = new ArrayList<>();
    for (Path site : sitePackages()) {
      Path torch = site.resolve("torch");
      if (Files.isRegularFile(torch.resolve("lib").resolve("libtorch_cpu.so"))) {
        found.add(torch);
      }
    }
    return found;
  }

  /** Every site-packages folder that was looked into. */
  Set<Path> sitePackages() {
    Set<Path> sites = new LinkedHashSet<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      String prefix = environment.apply(variable);
      if (prefix != null && !prefix.isEmpty()) {
        addSites(Path.of(prefix), sites);
      }
    }
    String path = environment.apply("PATH");
    for (String folder : (path == null ? "" : path).split(File.pathSeparator, -1)) {
      Path python = Path.of(folder.isEmpty() ? "." : folder).resolve("python3");
      if (Files.isExecutable(python)) {
        addPython(python, sites);
        break;
      }
    }
    return sites;
  }

  private void addPython(Path python, Set<Path> sites) {
    Path bin = python.toAbsolutePath().normalize().getParent();
    if (bin != null && bin.endsWith("shims") && bin.getParent() != null) {
      addPyenv(bin.getParent(), sites);
      return;
    }
    addPrefix(bin, sites);
    String home = environment.apply("HOME");
    if (home != null && !home.isEmpty()) {
      addSites(Path.of(home, ".local"), sites);
    }
    try {
      // A virtual environment's python is a link to its base, whose packages it may see too.
      addPrefix(python.toRealPath().getParent(), sites);
    } catch (IOException e) {
      return; // a dangling link leads nowhere
    }
  }

  /** pyenv puts scripts on the path that choose a version by a variable or a file. */
  private void addPyenv(Path pyenv, Set<Path> sites) {
    String version = environment.apply("PYENV_VERSION");
    try {
      if ((version == null || version.isEmpty()) && Files.exists(pyenv.resolve("version"))) {
        version = Files.readString(pyenv.resolve("version"));
      }
    } catch (IOException e) {
      return; // an unreadable choice is no choice
    }
    if (version != null) {
      for (String line : version.split("[:\\n]", -1)) {
        if (!line.isBlank()) {
          addSites(pyenv.resolve("versions").resolve(line.strip()), sites);
        }
      }
    }
  }

  private static void addPrefix(@Nullable Path bin, Set<Path> sites) {
    if (bin != null && bin.getParent() != null) {
      addSites(bin.getParent(), sites);
      if (bin.equals(Path.of("/usr/bin"))) {
        addSites(Path.of("/usr/local"), sites);
      }
    }
  }

  private static void addSites(Path prefix, Set<Path> sites) {
    for (String lib : List.of("lib", "lib64")) {
      for (Path version : pythons(prefix.resolve(lib))) {
        for (String kind : List.of("site-packages", "dist-packages")) {
          if (Files.isDirectory(version.resolve(kind))) {
            sites.add(version.resolve(kind));
          }
        }
      }
    }
  }

  private static List<Path> pythons(Path lib) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> versions = Files.newDirectoryStream(lib, "python3*")) {
      versions.forEach(found::add);
    } catch (IOException e) {
      return List.of(); // a prefix without Python
    }
    found.sort(null);
    return found.reversed();
  }
}
