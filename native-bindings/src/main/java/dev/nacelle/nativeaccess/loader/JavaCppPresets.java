package dev.nacelle.nativeaccess.loader;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Lets JavaCPP's own bindings live in the same process: they serve as an oracle in tests. Left to
 * themselves they unpack and open a second LibTorch, which registers every operator twice and
 * aborts.
 */
public final class JavaCppPresets {
  private JavaCppPresets() {}

  /**
   * Opens our LibTorch and points JavaCPP at its files; to be called before JavaCPP loads anything.
   * (Where JavaCPP came first, {@link NativeLibraries} uses what it has mapped.)
   */
  public static void shareLibraries() {
    NativeLibraries libraries = NativeLibraries.shared();
    libraries.libTorch();
    libraries.openBlas();
    Set<String> folders = new LinkedHashSet<>();
    for (FoundLibrary found : libraries.report()) {
      String path = found.path();
      Path folder = path == null ? null : Path.of(path).getParent();
      if (folder != null) {
        folders.add(folder.toString());
      }
    }
    System.setProperty("org.bytedeco.javacpp.pathsFirst", "true");
    System.setProperty("java.library.path", String.join(":", folders));
    // JavaCPP leaves links to these files in its cache: not in the one that other programs use.
    System.setProperty(
        "org.bytedeco.javacpp.cachedir",
        libraries.cacheRoot().resolveSibling("javacpp").toString());
  }
}
