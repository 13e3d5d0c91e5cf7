package dev.nacelle.kernels.cuda;

import dev.nacelle.kernels.BuildCommand;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Builds the CUDA sources for this processor with CMake, once for each way of building; what is up
 * to date is not built again. Tests run in their module's folder.
 */
public final class EmulationBuild {
  private static final Path SOURCES = Path.of("src/test/native/emulation");
  private static final int MINUTES = 10;

  private EmulationBuild() {}

  /**
   * @param library null where a tool is missing
   * @param reason which, and how to install it
   */
  public record Built(@Nullable Path library, String reason) {}

  /**
   * @param sanitize with AddressSanitizer and UBSan
   * @throws IllegalStateException with the compiler's words if the sources do not compile
   */
  public static synchronized Built build(boolean sanitize)
      throws IOException, InterruptedException {
    for (String tool : List.of("cmake", "g++")) {
      if (!runs(tool)) {
        return new Built(
            null, tool + " was not found (Debian, Ubuntu: apt-get install cmake g++ make)");
      }
    }
    Path folder = Path.of("target", sanitize ? "emulation-sanitized" : "emulation");
    Files.createDirectories(folder);
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      if (!lock.isValid()) {
        throw new IOException("cannot lock " + folder);
      }
      if (!Files.exists(folder.resolve("CMakeCache.txt"))) {
        BuildCommand.run(
            folder,
            MINUTES,
            List.of(
                "cmake",
                "-S",
                SOURCES.toAbsolutePath().toString(),
                "-B",
                ".",
                "-DCMAKE_BUILD_TYPE=None",
                "-DNK_SANITIZE=" + (sanitize ? "ON" : "OFF")));
      }
      BuildCommand.run(
          folder,
          MINUTES,
          List.of(
              "cmake",
              "--build",
              ".",
              "--parallel",
              "" + Runtime.getRuntime().availableProcessors()));
    }
    return new Built(folder.resolve("libnacelle_cuda_emulation.so").toAbsolutePath(), "");
  }

  private static boolean runs(String tool) throws InterruptedException {
    try {
      return new ProcessBuilder(tool, "--version")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
