package dev.nacelle.kernels;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A compiler or a build tool, run to its end. */
public final class BuildCommand {
  private BuildCommand() {}

  /**
   * Runs a command in a folder, which gets its log.
   *
   * @throws IllegalStateException with the log where it fails, or takes longer than so many minutes
   */
  public static void run(Path folder, int minutes, List<String> words)
      throws IOException, InterruptedException {
    Path log = folder.resolve("log").toAbsolutePath();
    Process process =
        new ProcessBuilder(words)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!process.waitFor(minutes, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IllegalStateException(
          words.getFirst() + " did not end within " + minutes + " minutes");
    }
    if (process.exitValue() != 0) {
      throw new IllegalStateException(
          String.join(" ", words) + " failed:\n" + Files.readString(log));
    }
  }
}
