package dev.nacelle.file;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Folders of ours that appear whole or not at all (what {@link AtomicFolder} replaces holds files
 * of a user as well, these do not): filled under a temporary name beside the target, every file and
 * the folder flushed, and renamed. Removing one takes its name away in one rename first, so that
 * nobody ever finds half of it.
 */
public final class WholeFolder {
  private WholeFolder() {}

  /** Fills a folder; what it writes must be flushed, as {@link AtomicFile} does. */
  @FunctionalInterface
  public interface Body {
    void writeTo(Path folder) throws IOException;
  }

  /**
   * Writes a folder. One of that name is moved aside first, and comes back where the rename fails.
   *
   * @throws dev.nacelle.NacelleException of kind ENVIRONMENT when the disk is full or the place
   *     cannot be written; nothing is left of the attempt
   */
  public static void write(Path target, FaultInjector faults, Body body) {
    Path temporary = AtomicFile.temporaryBeside(target);
    Path old = null;
    try {
      Files.createDirectories(temporary);
      body.writeTo(temporary);
      AtomicFile.flush(temporary);
      faults.reached(FaultInjector.Moment.FOLDER_WRITTEN);
      if (Files.exists(target)) {
        old = AtomicFile.temporaryBeside(target);
        Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      AtomicFile.flushFolder(target);
      faults.reached(FaultInjector.Moment.FOLDER_RENAMED);
    } catch (IOException e) {
      bringBack(old, target);
      throw AtomicFile.failure(target, e);
    } finally {
      removeQuietly(temporary);
      removeQuietly(old);
    }
  }

  private static void bringBack(@Nullable Path old, Path target) {
    if (old != null && !Files.exists(target)) {
      try {
        Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException ignored) {
        // The first failure is the one to report.
      }
    }
  }

  /**
   * Removes a folder and all below it; one that is not there is no error.
   *
   * @throws dev.nacelle.NacelleException of kind ENVIRONMENT where that is not allowed
   */
  public static void remove(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try {
      Path nameless = AtomicFile.temporaryBeside(folder);
      Files.move(folder, nameless, StandardCopyOption.ATOMIC_MOVE);
      removeTree(nameless);
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
  }

  /**
   * Removes what processes that were killed left half written in a folder. Nobody else may be
   * writing there.
   */
  public static void sweep(Path folder) {
    List<Path> entries;
    try (Stream<Path> listed = Files.list(folder)) {
      entries = listed.toList();
    } catch (IOException e) {
      return;
    }
    for (Path entry : entries) {
      String name = String.valueOf(entry.getFileName());
      if (name.startsWith(".") && name.endsWith(AtomicFile.TEMPORARY_SUFFIX)) {
        removeQuietly(entry);
      }
    }
  }

  private static void removeQuietly(@Nullable Path path) {
    if (path != null) {
      try {
        removeTree(path);
      } catch (IOException ignored) {
        // Its suffix tells what it is, and the next run sweeps it away.
      }
    }
  }

  private static void removeTree(Path root) throws IOException {
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e)
                throws IOException {
              Files.delete(folder);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (NoSuchFileException gone) {
      return;
    }
  }
}
