package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import dev.nacelle.file.Quoted;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The right to change one folder of the cache, held against other processes and other threads of
 * this one. The operating system takes it from a process that dies.
 */
final class CacheLock implements AutoCloseable {
  private static final long PAUSE_MILLIS = 50;

  private final FileChannel channel;
  private final FileLock lock;

  private CacheLock(FileChannel channel, FileLock lock) {
    this.channel = channel;
    this.lock = lock;
  }

  /**
   * Waits for the lock of a folder, which is made where it is not there.
   *
   * @throws NacelleException of kind ENVIRONMENT where the folder cannot be written
   */
  static CacheLock of(Path folder, PullListener listener) {
    Path file = folder.resolve(".lock");
    FileChannel channel = null;
    try {
      Files.createDirectories(folder);
      channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      FileLock lock = tryLock(channel);
      if (lock == null) {
        listener.note("another process is bringing this into the cache; waiting for it");
      }
      while (lock == null) {
        Thread.sleep(PAUSE_MILLIS);
        lock = tryLock(channel);
      }
      return new CacheLock(channel, lock);
    } catch (IOException e) {
      closeQuietly(channel);
      throw cannotWrite(folder, e);
    } catch (InterruptedException e) {
      closeQuietly(channel);
      Thread.currentThread().interrupt();
      throw NacelleException.environment(
          "waiting for " + Quoted.path(file) + " was interrupted", null, e);
    }
  }

  /**
   * Holds that the lock is still ours.
   *
   * @throws IOException where the file system gave it up
   */
  void require() throws IOException {
    if (!lock.isValid()) {
      throw new IOException("the lock was lost");
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // another thread of this process has it
    }
  }

  /** The error for a cache that cannot be written. */
  static NacelleException cannotWrite(Path folder, IOException e) {
    return NacelleException.environment(
        "the cache folder " + Quoted.path(folder) + " cannot be written (" + e + ")",
        "make it writable, free some disk space, or set NACELLE_CACHE to another folder",
        e);
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException ignored) {
        // The failure before this one is the one to report.
      }
    }
  }

  @Override
  public void close() {
    try {
      lock.release();
    } catch (IOException ignored) {
      // Closing the channel releases it too.
    }
    closeQuietly(channel);
  }
}
