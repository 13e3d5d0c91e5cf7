package dev.nacelle.planning;

import dev.nacelle.file.ContentHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The classes that a JVM runs, as far as their files tell. */
final class ClassPath {
  private ClassPath() {}

  /**
   * A digest: of each file its name, size and time of change. An empty entry, which stands for the
   * working folder, says nothing of our classes, and all else that lies there changes.
   */
  static String digest(String path) {
    StringBuilder text = new StringBuilder();
    for (String entry : path.split(":", -1)) {
      if (entry.isEmpty()) {
        continue;
      }
      try {
        describe(Path.of(entry), text);
      } catch (IOException | UncheckedIOException e) {
        text.append(entry).append(" unreadable\n");
      }
    }
    return ContentHash.of(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static void describe(Path entry, StringBuilder text) throws IOException {
    try (Stream<Path> files = Files.isDirectory(entry) ? Files.walk(entry) : Stream.of(entry)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        text.append(file).append(' ').append(Files.size(file)).append(' ');
        text.append(Files.getLastModifiedTime(file).toMillis()).append('\n');
      }
    }
  }
}
