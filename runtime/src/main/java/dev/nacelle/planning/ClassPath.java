package dev.nacelle.planning;

import dev.nacelle.file.ContentHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/** The classes that a JVM runs, as far as their files tell. */
final class ClassPath {
  private ClassPath() {}

  /** A digest: of each file its name, size and time of change. */
  static String digest(String path) {
    StringBuilder text = new StringBuilder();
    for (String entry : path.split(":", -1)) {
      try {
        for (Path part : parts(Path.of(entry))) {
          describe(part, text);
        }
      } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
        text.append(entry).append(" unreadable\n");
      }
    }
    return ContentHash.of(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * What an entry stands for. A jar whose manifest names a class path stands for that: build tools
   * start each JVM with another one of those, and the same classes behind it.
   */
  private static List<Path> parts(Path entry) throws IOException {
    if (!Files.isRegularFile(entry)) {
      return List.of(entry);
    }
    String named;
    try (JarFile jar = new JarFile(entry.toFile())) {
      Manifest manifest = jar.getManifest();
      named =
          manifest == null
              ? null
              : manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
      if (named == null || jar.stream().anyMatch(e -> e.getName().endsWith(".class"))) {
        return List.of(entry);
      }
    }
    List<Path> parts = new ArrayList<>();
    for (String relative : named.strip().split(" +", -1)) {
      URI uri = entry.toUri().resolve(relative);
      parts.add(Path.of(uri));
    }
    return parts;
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
