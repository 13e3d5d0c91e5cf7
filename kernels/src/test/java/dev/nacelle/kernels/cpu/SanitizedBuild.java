package dev.nacelle.kernels.cpu;

import dev.nacelle.kernels.BuildCommand;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds the C library with AddressSanitizer and UBSan, for the levels that this processor runs;
 * what is up to date is not built again. Tests run in their module's folder.
 */
public final class SanitizedBuild {
  private static final Path SOURCES = Path.of("src/main/native");
  private static final int MINUTES = 15;
  private static final String PACKAGES =
      " (Debian, Ubuntu: apt-get install cmake make gcc libgcc-12-dev)";

  /** -g1: a report names the line. What GCC warns of with sanitizers alone is no error. */
  private static final List<String> FLAGS =
      List.of(
          "-O1",
          "-g1",
          "-fno-omit-frame-pointer",
          "-fsanitize=address,undefined",
          "-fno-sanitize-recover=all",
          "-Wno-maybe-uninitialized");

  private SanitizedBuild() {}

  /**
   * @param library null where a tool is missing
   * @param sanitizer libasan.so, to be loaded before all else
   * @param reason which tool, and how to install it
   */
  public record Built(@Nullable Path library, Path sanitizer, String reason) {}

  /** A mistake in a copy of the sources: a text of a file, and what takes its place. */
  public record Mistake(String operator, String file, String right, String wrong) {}

  /**
   * Builds the whole library.
   *
   * @throws IllegalStateException with the compiler's words if the sources do not compile
   */
  public static synchronized Built build(List<String> levels)
      throws IOException, InterruptedException {
    Path sanitizer = sanitizer();
    String missing = missing(sanitizer);
    if (!missing.isEmpty()) {
      return new Built(null, sanitizer, missing);
    }
    Path folder = Files.createDirectories(Path.of("target", "kernels-sanitized"));
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      if (!lock.isValid()) {
        throw new IOException("cannot lock " + folder);
      }
      BuildCommand.run(
          folder,
          MINUTES,
          List.of(
              "cmake",
              "-S",
              SOURCES.toAbsolutePath().toString(),
              "-B",
              ".",
              "-DCMAKE_C_COMPILER=gcc",
              "-DCMAKE_BUILD_TYPE=None",
              "-DNK_ONLY=" + String.join(";", levels),
              "-DCMAKE_C_FLAGS=" + String.join(" ", FLAGS)));
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
    return new Built(folder.resolve(LibraryFile.NAME).toAbsolutePath(), sanitizer, "");
  }

  /**
   * Builds one operator with a mistake in it, and the products, at the plain level.
   *
   * @return the library
   */
  public static Path plant(Mistake mistake, Path folder) throws IOException, InterruptedException {
    Path file = SOURCES.resolve(mistake.file());
    String text = Files.readString(file);
    if (!text.contains(mistake.right())) {
      throw new IllegalStateException(mistake.file() + " holds no more: " + mistake.right());
    }
    Path wrong = folder.resolve(file.getFileName());
    Files.writeString(wrong, text.replace(mistake.right(), mistake.wrong()));
    Path library = folder.resolve(LibraryFile.NAME);
    List<String> words =
        new java.util.ArrayList<>(
            List.of("gcc", "-std=gnu11", "-shared", "-fPIC", "-fopenmp", "-fvisibility=hidden"));
    words.addAll(FLAGS);
    words.addAll(List.of("-DNK_LEVEL=generic", "-DNK_LEVEL_GENERIC=1"));
    for (Path include :
        List.of(SOURCES.resolve("common"), SOURCES, Path.of(String.valueOf(file.getParent())))) {
      words.addAll(List.of("-I", include.toAbsolutePath().toString()));
    }
    words.add(wrong.toAbsolutePath().toString());
    words.add(SOURCES.resolve("library/library.c").toAbsolutePath().toString());
    try (Stream<Path> products = Files.list(SOURCES.resolve("gemm"))) {
      products
          .filter(p -> p.toString().endsWith(".c"))
          .forEach(p -> words.add(p.toAbsolutePath().toString()));
    }
    words.addAll(List.of("-lm", "-o", library.toAbsolutePath().toString()));
    BuildCommand.run(folder, MINUTES, words);
    return library;
  }

  private static Path sanitizer() throws IOException, InterruptedException {
    try {
      Process asked = new ProcessBuilder("gcc", "-print-file-name=libasan.so").start();
      String path = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      asked.waitFor();
      return Path.of(path.strip());
    } catch (IOException absent) {
      return Path.of("libasan.so");
    }
  }

  private static String missing(Path sanitizer) throws InterruptedException {
    for (Map.Entry<String, List<String>> tool :
        Map.of("cmake", List.of("cmake", "--version"), "gcc", List.of("gcc", "--version"))
            .entrySet()) {
      try {
        new ProcessBuilder(tool.getValue())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
      } catch (IOException e) {
        return tool.getKey() + " was not found" + PACKAGES;
      }
    }
    return Files.exists(sanitizer) ? "" : "gcc has no libasan.so" + PACKAGES;
  }
}
