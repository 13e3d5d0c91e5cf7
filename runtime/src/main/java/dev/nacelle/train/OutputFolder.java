package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AtomicFolder;
import dev.nacelle.file.FolderLock;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder that a run writes into, checked before anything long begins, and kept for it alone.
 */
final class OutputFolder implements AutoCloseable {
  private final Path folder;
  private final @Nullable FolderLock lock;

  private OutputFolder(Path folder, @Nullable FolderLock lock) {
    this.folder = folder;
    this.lock = lock;
  }

  /**
   * Makes the folder and takes it.
   *
   * @throws NacelleException of kind USAGE where another run has it, or where it holds something
   *     and that may not be; ENVIRONMENT where it cannot be made or written
   */
  static OutputFolder take(Path folder, boolean mayHoldSomething) {
    if (Files.isRegularFile(folder)) {
      throw NacelleException.environment(
          "--out " + folder + " is a file, not a folder", "name another folder", null);
    }
    try {
      Files.createDirectories(folder);
      FolderLock lock = lock(folder);
      boolean good = false;
      try {
        if (!mayHoldSomething && holdsSomething(folder)) {
          throw NacelleException.usage(
              "--out " + folder + " is not empty",
              "add --overwrite, or --resume to go on with the run in it, or name another folder");
        }
        Path probe = folder.resolve(".nacelle-probe");
        Files.deleteIfExists(probe);
        Files.createFile(probe);
        Files.delete(probe);
        good = true;
        return new OutputFolder(folder, lock);
      } finally {
        if (!good && lock != null) {
          lock.close();
        }
      }
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

  /** Removes what a killed process left half written, in the folder and among its checkpoints. */
  void sweep() {
    AtomicFolder.sweep(folder);
    AtomicFolder.sweep(Checkpoints.folder(folder));
    AtomicFolder.sweep(BestAdapter.folder(folder));
  }

  /** The lock; null on a file system that has none, where nothing keeps two runs apart. */
  private static @Nullable FolderLock lock(Path folder) {
    try {
      return FolderLock.take(folder);
    } catch (FolderLock.HeldException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          "--out " + folder + " is in use by another run (" + e.getMessage() + ")",
          "wait until it ends, or name another folder",
          e);
    } catch (IOException e) {
      // Whether the folder can be written at all is asked next.
      return null;
    }
  }

  /** A run that ended before its first step leaves no more than its flags: that counts as empty. */
  private static boolean holdsSomething(Path folder) throws IOException {
    Path checkpoints = Checkpoints.folder(folder);
    for (Path entry : entries(folder)) {
      boolean ours = entry.endsWith(FolderLock.NAME);
      boolean flagsAlone =
          entry.equals(checkpoints)
              && Files.isDirectory(entry)
              && entries(entry).stream().allMatch(e -> e.endsWith(RunMemory.NAME));
      if (!ours && !flagsAlone) {
        return true;
      }
    }
    return false;
  }

  private static List<Path> entries(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.toList();
    }
  }

  @Override
  public void close() {
    if (lock != null) {
      lock.close();
    }
  }
}
