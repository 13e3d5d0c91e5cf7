package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.Quoted;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;

/** What pulling does to the cache's files, whoever the bytes come from. */
final class CacheFiles {
  /** The folder for what is not whole yet, beside what it will become. */
  static final String INCOMING = ".incoming";

  /** What must stay free: a disk that is full to the last byte harms more than this pull. */
  private static final long SPARE_BYTES = 16L << 20;

  private CacheFiles() {}

  /** Gives a finished file its name: flushed, renamed, and the folder flushed. */
  static void publish(Path finished, Path target) throws IOException {
    try (FileChannel channel = FileChannel.open(finished, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.createDirectories(target.resolveSibling(""));
    Files.move(finished, target, StandardCopyOption.ATOMIC_MOVE);
    AtomicFile.flushFolder(target);
  }

  /**
   * Refuses to begin what the disk cannot take.
   *
   * @throws NacelleException of kind ENVIRONMENT
   */
  static void requireSpace(Path folder, String what, long bytes) throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free - SPARE_BYTES < bytes) {
      throw NacelleException.environment(
          what
              + " needs "
              + bytes
              + " bytes in "
              + Quoted.path(folder)
              + ", where "
              + free
              + " are free",
          "free some disk space, or set NACELLE_CACHE to a folder on another disk",
          null);
    }
  }

  /** Removes a folder and all in it; what resists is left, since it harms nobody. */
  static void removeQuietly(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      return;
    }
  }
}
