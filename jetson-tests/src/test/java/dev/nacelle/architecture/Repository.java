package dev.nacelle.architecture;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the repository lies that these tests run in. */
final class Repository {
  private Repository() {}

  static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isRegularFile(folder.resolve("nacelle"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new AssertionError("no launcher above " + Path.of("").toAbsolutePath());
      }
    }
    return folder;
  }
}
