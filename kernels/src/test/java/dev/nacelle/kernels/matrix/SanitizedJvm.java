package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A JVM of its own with a sanitizer before every library. */
final class SanitizedJvm {
  private SanitizedJvm() {}

  /** How it ended, and all that it printed. */
  record Ended(int code, String text) {}

  /**
   * Runs a main class to its end.
   *
   * @param folder gets the log
   * @param sanitizer the library that is loaded first
   * @param options of the JVM, beside the usual ones
   * @throws IllegalStateException where it takes longer than so many minutes
   */
  static Ended run(
      Path folder,
      int minutes,
      String sanitizer,
      List<String> options,
      Class<?> main,
      List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Xmx512m"));
    command.addAll(options);
    command.addAll(List.of("-cp", classPath(main), main.getName()));
    command.addAll(arguments);
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("LD_PRELOAD", sanitizer);
    // The JVM handles faults itself, and frees nothing at its end.
    builder
        .environment()
        .put(
            "ASAN_OPTIONS",
            "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0");
    builder.environment().put("UBSAN_OPTIONS", "print_stacktrace=1");
    Process process = builder.start();
    if (!process.waitFor(minutes, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IllegalStateException("no end within " + minutes + " minutes");
    }
    return new Ended(process.exitValue(), Files.readString(log));
  }

  /** Where our own classes are, whatever class loader the tests have. */
  private static String classPath(Class<?> main) {
    return Stream.of(main, Kernels.class, NativeBuffer.class)
        .map(
            c ->
                Path.of(
                    URI.create(c.getProtectionDomain().getCodeSource().getLocation().toString())))
        .map(Path::toString)
        .distinct()
        .collect(Collectors.joining(File.pathSeparator));
  }
}
