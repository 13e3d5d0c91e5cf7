package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.loader.CacheFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * NVIDIA's run-time compiler out of the wheel of a pinned version, fetched once into this user's
 * cache. The kernels include no header of the toolkit, so no other wheel is needed.
 */
public final class NvrtcWheel {
  public static final String VERSION = "13.2.86";

  private static final String WHEEL = "nvidia-cuda-nvrtc==" + VERSION;
  private static final String LIBRARY = "libnvrtc.so.13";

  /** SHA-256 of the wheels by the name of the processor. */
  private static final Map<String, String> DIGESTS =
      Map.of(
          "amd64",
          "8111c5130e967b78222ea2124145f8efe9ce201b752b2579a2513100a53be1c5",
          "aarch64",
          "1e5d7b411a2eb83f5c71c98d58133a763fc9fa86a4241ee320c5c4782d9ad1fd");

  private NvrtcWheel() {}

  /**
   * @param library null where the wheel could not be had
   * @param reason why, and what to do
   */
  public record Found(@Nullable Path library, String reason) {}

  /** The compiler's library, its helpers beside it; {@code nacelle.nvrtc.library} names another. */
  public static Found find() throws IOException {
    String named = System.getProperty("nacelle.nvrtc.library", "");
    if (!named.isEmpty()) {
      return new Found(Path.of(named), "");
    }
    Path library = folder().resolve(LIBRARY);
    if (Files.isRegularFile(library)) {
      return new Found(library, "");
    }
    String digest = DIGESTS.get(System.getProperty("os.arch", ""));
    if (digest == null) {
      return new Found(null, "there is no NVRTC wheel for " + System.getProperty("os.arch"));
    }
    Optional<Path> wheel = Wheels.unpacked(WHEEL, digest);
    if (wheel.isEmpty()) {
      return new Found(
          null, "no NVRTC, so no kernel was compiled (python3 -m pip download " + WHEEL + ")");
    }
    publish(wheel.get());
    return new Found(library, "");
  }

  /** Where the compiler and what it said of kernels are kept. */
  public static Path folder() {
    return CacheFolder.of(name -> System.getProperty(name, System.getenv(name)))
        .resolve("nvrtc-test")
        .resolve(VERSION);
  }

  /** The compiler last: where it is, all is. */
  private static void publish(Path wheel) throws IOException {
    Files.createDirectories(folder());
    try (Stream<Path> files = Files.walk(wheel)) {
      for (Path file :
          files
              .filter(f -> String.valueOf(f.getFileName()).startsWith("libnvrtc"))
              .filter(Files::isRegularFile)
              .sorted(Comparator.comparing(f -> f.endsWith(LIBRARY)))
              .toList()) {
        Path fresh = Files.createTempFile(folder(), "wheel", ".tmp");
        Files.copy(file, fresh, StandardCopyOption.REPLACE_EXISTING);
        Files.move(
            fresh, folder().resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
