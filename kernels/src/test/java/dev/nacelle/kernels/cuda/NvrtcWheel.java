package dev.nacelle.kernels.cuda;

import dev.nacelle.kernels.cpu.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * NVIDIA's run-time compiler out of the wheel of a pinned version, fetched by pip into this user's
 * cache. The kernels include no header of the toolkit, so no other wheel is needed.
 */
final class NvrtcWheel {
  static final String VERSION = "13.2.86";

  /** SHA-256 of the wheels by the name of the processor. */
  private static final Map<String, String> DIGESTS =
      Map.of(
          "amd64",
          "8111c5130e967b78222ea2124145f8efe9ce201b752b2579a2513100a53be1c5",
          "aarch64",
          "1e5d7b411a2eb83f5c71c98d58133a763fc9fa86a4241ee320c5c4782d9ad1fd");

  private static final String LIBRARY = "libnvrtc.so.13";
  private static final int SECONDS = 240;

  private NvrtcWheel() {}

  /**
   * @param library null where the wheel could not be had
   * @param reason why
   */
  record Found(@Nullable Path library, String reason) {}

  static Found find() throws IOException, InterruptedException {
    String digest = DIGESTS.get(System.getProperty("os.arch", ""));
    if (digest == null) {
      return new Found(null, "there is no NVRTC wheel for " + System.getProperty("os.arch"));
    }
    Path folder = folder();
    Path library = folder.resolve(LIBRARY);
    if (Files.isRegularFile(library)) {
      return new Found(library, "");
    }
    Files.createDirectories(folder);
    Path work = Files.createTempDirectory(folder, "fetch");
    try {
      String problem = fetch(work, digest);
      if (!problem.isEmpty()) {
        return new Found(null, problem);
      }
      unpack(work, folder);
    } finally {
      clear(work);
    }
    return new Found(library, "");
  }

  /** Where the compiler and what it said of kernels are kept. */
  static Path folder() {
    return Settings.cacheFolder().resolve("nvrtc-test").resolve(VERSION);
  }

  private static String fetch(Path work, String digest) throws IOException, InterruptedException {
    Path wanted = work.resolve("wanted.txt");
    Files.writeString(wanted, "nvidia-cuda-nvrtc==" + VERSION + " --hash=sha256:" + digest + "\n");
    Path log = work.resolve("log");
    Process pip;
    try {
      pip =
          new ProcessBuilder(
                  "python3",
                  "-m",
                  "pip",
                  "download",
                  "--quiet",
                  "--no-deps",
                  "--only-binary=:all:",
                  "--require-hashes",
                  "-r",
                  wanted.toString(),
                  "-d",
                  work.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      return "python3 was not found, whose pip fetches NVRTC (Debian, Ubuntu: apt-get install"
          + " python3-pip)";
    }
    if (!pip.waitFor(SECONDS, TimeUnit.SECONDS)) {
      pip.destroyForcibly();
      return "pip did not fetch NVRTC within " + SECONDS + " seconds";
    }
    return pip.exitValue() == 0
        ? ""
        : "pip could not fetch nvidia-cuda-nvrtc " + VERSION + ": " + Files.readString(log).strip();
  }

  /** The libraries, the one that is looked for last. */
  private static void unpack(Path work, Path folder) throws IOException {
    try (Stream<Path> files = Files.list(work)) {
      Path wheel = files.filter(f -> f.toString().endsWith(".whl")).findFirst().orElseThrow();
      try (ZipFile zip = new ZipFile(wheel.toFile())) {
        List<? extends ZipEntry> libraries =
            zip.stream()
                .filter(e -> e.getName().contains("/lib/libnvrtc"))
                .sorted((a, b) -> Boolean.compare(isCompiler(a), isCompiler(b)))
                .toList();
        for (ZipEntry entry : libraries) {
          Path name = Path.of(entry.getName()).getFileName();
          Path fresh = work.resolve(name);
          try (InputStream in = zip.getInputStream(entry)) {
            Files.copy(in, fresh);
          }
          Files.move(fresh, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        }
      }
    }
  }

  private static boolean isCompiler(ZipEntry entry) {
    return entry.getName().endsWith(LIBRARY);
  }

  private static void clear(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
