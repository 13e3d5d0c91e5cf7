package dev.nacelle.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a folder for one run: a file in it that the operating system locks. The lock ends with the
 * process however that ends; the file is taken away with {@link #close}, and one that a killed
 * process left behind blocks nobody.
 */
public final class FolderLock implements AutoCloseable {
  /** The file's name; a folder that holds it alone counts as empty. */
  public static final String NAME = ".nacelle-lock";

  /**
   * The folders that this process holds. The system's locks belong to the process as well: opening
   * a locked file a second time and closing it again would end the lock, so nobody here may try.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private static final int TRIES = 20;

  private final Path folder;
  private final FileChannel channel;

  private FolderLock(Path folder, FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /** Somebody else has the folder. */
  public static final class HeldException extends IOException {
    private static final long serialVersionUID = 1L;

    HeldException(String holder) {
      super(holder);
    }
  }

  /**
   * Takes the folder.
   *
   * @throws HeldException where somebody else has it; the message is who, "process 1234"
   * @throws IOException where the folder cannot be written, or its file system knows no locks
   */
  public static FolderLock take(Path folder) throws IOException {
    Path real = folder.toRealPath();
    if (!HELD.add(real)) {
      throw new HeldException("this process");
    }
    boolean taken = false;
    try {
      FolderLock lock = new FolderLock(real, lock(real.resolve(NAME)));
      taken = true;
      return lock;
    } finally {
      if (!taken) {
        HELD.remove(real);
      }
    }
  }

  private static FileChannel lock(Path file) throws IOException {
    for (int i = 0; i < TRIES; i++) {
      Object before = key(file);
      FileChannel channel;
      try {
        channel = FileChannel.open(file, how(before != null));
      } catch (FileAlreadyExistsException | NoSuchFileException e) {
        continue; // it came or went meanwhile
      }
      boolean kept = false;
      try {
        FileLock lock = channel.tryLock();
        if (lock == null) {
          throw new HeldException(holder(channel));
        }
        Object after = key(file);
        // A lock on a file that its holder has taken away meanwhile keeps nothing.
        if (after != null && (before == null || Objects.equals(before, after))) {
          sign(channel);
          kept = true;
          return channel;
        }
      } finally {
        if (!kept) {
          channel.close();
        }
      }
    }
    throw new HeldException("another process");
  }

  private static Set<OpenOption> how(boolean exists) {
    return exists
        ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE)
        : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
  }

  private static void sign(FileChannel channel) throws IOException {
    channel.truncate(0);
    byte[] pid = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
    AtomicFile.writeFully(channel, ByteBuffer.wrap(pid));
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer signature = ByteBuffer.allocate(20);
    channel.read(signature, 0);
    String text = new String(signature.array(), 0, signature.position(), StandardCharsets.US_ASCII);
    return text.matches("\\d+") ? "process " + text : "another process";
  }

  private static @Nullable Object key(Path file) throws IOException {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  @Override
  public void close() {
    try (channel) {
      // While it is still locked: whoever opened it before finds that it is gone.
      Files.deleteIfExists(folder.resolve(NAME));
    } catch (IOException ignored) {
      // The lock itself is gone with the channel.
    } finally {
      HELD.remove(folder);
    }
  }
}
