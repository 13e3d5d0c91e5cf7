package dev.nacelle.train;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The folder that a run writes into, checked before anything long begins. */
final class OutputFolder {
  private OutputFolder() {}

  /**
   * Makes the folder.
   *
   * @throws NacelleException of kind USAGE where it holds something and that may not be
   *     overwritten, ENVIRONMENT where it cannot be made or written
   */
  static void prepare(Path folder, boolean overwrite) {
    if (Files.isRegularFile(folder)) {
      throw NacelleException.environment(
          "--out " + folder + " is a file, not a folder", "name another folder", null);
    }
    try {
      if (Files.isDirectory(folder) && !overwrite && holdsSomething(folder)) {
        throw NacelleException.usage(
            "--out " + folder + " is not empty", "add --overwrite, or name another folder");
      }
      Files.createDirectories(folder);
      Path probe = folder.resolve(".nacelle-probe");
      Files.deleteIfExists(probe);
      Files.createFile(probe);
      Files.delete(probe);
    } catch (FileAlreadyExistsException e) {
      throw NacelleException.environment(
          "--out " + folder + ": " + e.getFile() + " is a file, not a folder",
          "name another folder",
          e);
    } catch (IOException e) {
      throw NacelleException.environment(
          "--out " + folder + " cannot be written (" + e + ")",
          "name a folder that you may write, on a disk with space",
          e);
    }
  }

  private static boolean holdsSomething(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.findAny().isPresent();
    }
  }
}
