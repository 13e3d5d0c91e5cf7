package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Folders that appear whole or not at all: filled under a temporary name beside the target, every
 * file and the folder flushed, and renamed. Removing one takes its name away in one rename first,
 * so that nobody ever finds half of it. An interrupted process takes its temporary folder away; a
 * killed one leaves it, with {@link AtomicFile#TEMPORARY_SUFFIX} at the end of its name.
 */
public final class AtomicFolder {
  private AtomicFolder() {}

  /** Fills a folder; what it writes must be flushed, as {@link AtomicFile} does. */
  @FunctionalInterface
  public interface Body {
    void writeTo(Path folder) throws IOException;
  }

  /**
   * Refuses a target that cannot be written, before anything long begins.
   *
   * @throws NacelleException of kind USAGE where it holds something and that may not be
   *     overwritten, ENVIRONMENT where it is no folder
   */
  public static void check(Path target, boolean overwrite) {
    if (Files.isRegularFile(target)) {
      throw NacelleException.environment(
          "--out " + Quoted.path(target) + " is a file, not a folder", "name another folder", null);
    }
    if (!overwrite && !entries(target).isEmpty()) {
      throw NacelleException.usage(
          "--out " + Quoted.path(target) + " is not empty",
          "add --overwrite, or name another folder");
    }
    Path parent = absolute(target).getParent();
    try {
      if (parent != null) {
        Files.createDirectories(parent);
        if (!Files.isWritable(parent)) {
          throw NacelleException.environment(
              "--out " + Quoted.path(target) + ": its folder cannot be written",
              "name a folder that you may write",
              null);
        }
      }
    } catch (IOException e) {
      throw AtomicFile.failure(target, e);
    }
  }

  /**
   * Writes a folder in place of one of that name, nothing of which stays.
   *
   * @throws NacelleException of kind ENVIRONMENT when the disk is full or the place cannot be
   *     written; nothing is left of the attempt, and the old folder stands
   */
  public static void write(Path target, FaultInjector faults, Body body) {
    write(target, faults, entry -> false, body);
  }

  /**
   * Writes a folder. One of that name is moved aside first, and comes back where the rename fails.
   *
   * @param stays what of the old folder is moved into the new one, where that has nothing of the
   *     same name: a folder that a user named may hold more than we wrote
   * @throws NacelleException as above
   */
  public static void write(Path target, FaultInjector faults, Predicate<Path> stays, Body body) {
    Path whole = absolute(target);
    Path temporary = AtomicFile.temporaryBeside(whole);
    Thread cleaner = new Thread(() -> removeQuietly(temporary));
    remember(cleaner);
    Path old = null;
    try {
      Files.createDirectories(temporary);
      body.writeTo(temporary);
      AtomicFile.flush(temporary);
      faults.reached(FaultInjector.Moment.FOLDER_WRITTEN);
      if (Files.exists(whole)) {
        old = AtomicFile.temporaryBeside(whole);
        Files.move(whole, old, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(temporary, whole, StandardCopyOption.ATOMIC_MOVE);
      if (old != null) {
        carryOver(old, whole, stays);
      }
      AtomicFile.flushFolder(whole);
      faults.reached(FaultInjector.Moment.FOLDER_RENAMED);
      removeQuietly(old); // only now: until all is in its place it holds what nobody else has
    } catch (IOException e) {
      bringBack(old, whole);
      throw AtomicFile.failure(target, e);
    } finally {
      removeQuietly(temporary);
      forget(cleaner);
    }
  }

  private static void carryOver(Path old, Path target, Predicate<Path> stays) throws IOException {
    for (Path entry : entries(old)) {
      Path counterpart = target.resolve(entry.getFileName());
      if (stays.test(entry) && !Files.exists(counterpart)) {
        Files.move(entry, counterpart);
      }
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
   * @throws NacelleException of kind ENVIRONMENT where that is not allowed
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

  private static Path absolute(Path target) {
    try {
      return Files.exists(target) ? target.toRealPath() : target.toAbsolutePath().normalize();
    } catch (IOException e) {
      throw AtomicFile.failure(target, e);
    }
  }

  private static List<Path> entries(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.toList();
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
  }

  private static void removeQuietly(@Nullable Path path) {
    // A file may still be written into it while the process is being ended: look again.
    for (int attempt = 0; path != null && attempt < 3 && Files.exists(path); attempt++) {
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

  private static void remember(Thread cleaner) {
    try {
      Runtime.getRuntime().addShutdownHook(cleaner);
    } catch (IllegalStateException ending) {
      // A program that saves while it ends: there is nobody left to tidy up behind it.
    }
  }

  private static void forget(Thread cleaner) {
    try {
      boolean ignored = Runtime.getRuntime().removeShutdownHook(cleaner);
    } catch (IllegalStateException ending) {
      // The process is ending; the hook runs, and finds nothing.
    }
  }
}
