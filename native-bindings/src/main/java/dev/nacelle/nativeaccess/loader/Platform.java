package dev.nacelle.nativeaccess.loader;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** What this process runs on and has mapped already. */
final class Platform {
  private Platform() {}

  /** The jars' name of this platform: {@code linux-x86_64}, {@code linux-arm64}. */
  static String name() {
    String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).replace(' ', '-');
    String arch = System.getProperty("os.arch", "");
    return os
        + "-"
        + switch (arch) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "arm64";
          default -> arch;
        };
  }

  /**
   * The path of a library that this process has mapped already, by whomever. A second copy of
   * LibTorch would register every operator twice, and a second OpenMP runtime start a second pool.
   */
  static Optional<Path> mapped(String fileNamePrefix) {
    Path maps = Path.of("/proc/self/maps");
    if (!Files.isReadable(maps)) {
      return Optional.empty();
    }
    try {
      String text = new String(Files.readAllBytes(maps), StandardCharsets.UTF_8);
      return text.lines()
          .filter(line -> line.contains("/" + fileNamePrefix))
          .map(line -> line.substring(line.indexOf('/')))
          .filter(path -> !path.endsWith(" (deleted)"))
          .map(Path::of)
          .filter(path -> String.valueOf(path.getFileName()).startsWith(fileNamePrefix))
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
