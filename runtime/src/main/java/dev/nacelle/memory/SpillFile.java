package dev.nacelle.memory;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Memory on storage: a file without a name that goes when it is closed, or with the process. What
 * is spilled in forward comes back in the reverse order, so that space is used again from the end
 * and the file is never longer than what it holds at once.
 */
public final class SpillFile implements AutoCloseable {
  /** A write or read at a time; larger ones gain nothing. */
  private static final int PIECE = 8 << 20;

  private final Path folder;

  /** Null in a walk without kernels, where nothing is written. */
  private final @Nullable FileChannel channel;

  private final TreeMap<Long, Long> held = new TreeMap<>();
  private long bytesWritten;
  private long longest;

  private SpillFile(Path folder, @Nullable FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /**
   * Opens one.
   *
   * @throws NacelleException of kind ENVIRONMENT where the folder is gone or cannot be written
   */
  public static SpillFile open(Path folder) {
    try {
      Path file = Files.createTempFile(folder, ".nacelle-spill-", ".bin");
      try {
        return new SpillFile(
            folder, FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw failed("cannot open a spill file in " + folder, e);
    }
  }

  /** One for a walk without kernels: places are given, and nothing is written or read. */
  public static SpillFile rehearsing() {
    return new SpillFile(Path.of(""), null);
  }

  /**
   * Writes a buffer.
   *
   * @return where it lies, for {@link #read} and {@link #drop}
   * @throws NacelleException of kind ENVIRONMENT where the disk is full; nothing else is lost
   */
  public long write(NativeBuffer from, long bytes) {
    long at = end();
    put(at, from, bytes);
    held.put(at, bytes);
    bytesWritten += bytes;
    longest = Math.max(longest, end());
    return at;
  }

  /**
   * Writes over what lies at {@code at}, which needs no more room on most file systems.
   *
   * @throws NacelleException of kind ENVIRONMENT where that fails: what lies there is then lost
   */
  public void rewrite(long at, NativeBuffer from, long bytes) {
    put(at, from, bytes);
    bytesWritten += bytes;
  }

  private void put(long at, NativeBuffer from, long bytes) {
    FileChannel open = channel;
    if (open == null) {
      return;
    }
    try {
      for (long done = 0; done < bytes; ) {
        ByteBuffer piece = from.asByteBuffer(done, (int) Math.min(PIECE, bytes - done));
        while (piece.hasRemaining()) {
          done += open.write(piece, at + done);
        }
      }
    } catch (IOException e) {
      throw failed(
          "cannot spill %d bytes into %s, %d are there already"
              .formatted(bytes, folder, held.values().stream().mapToLong(b -> b).sum()),
          e);
    }
  }

  /** Reads back what was written at {@code at}. */
  public void read(long at, NativeBuffer to, long bytes) {
    if (channel == null) {
      return;
    }
    for (long done = 0; done < bytes; done += PIECE) {
      read(at + done, to.asByteBuffer(done, (int) Math.min(PIECE, bytes - done)));
    }
  }

  /** Fills a buffer with what lies from {@code at} on. */
  public void read(long at, ByteBuffer to) {
    int bytes = to.remaining();
    FileChannel open = channel;
    if (open == null) {
      return;
    }
    try {
      for (long from = at; to.hasRemaining(); ) {
        int n = open.read(to, from);
        if (n < 0) {
          throw new IOException("the spill file ends at byte " + from);
        }
        from += n;
      }
    } catch (IOException e) {
      throw failed("cannot read back " + bytes + " bytes spilled into " + folder, e);
    }
  }

  /** Frees the space of what was written at {@code at}. */
  public void drop(long at) {
    held.remove(at);
  }

  /** Bytes written since it was opened: what the storage wears by. */
  public long bytesWritten() {
    return bytesWritten;
  }

  /** The most bytes that the file ever had. */
  public long longest() {
    return longest;
  }

  private long end() {
    return held.isEmpty() ? 0 : held.lastKey() + held.lastEntry().getValue();
  }

  private static NacelleException failed(String what, IOException e) {
    return NacelleException.environment(
        what + ": " + e.getMessage(),
        "make room there and go on with --resume; with a larger --budget and --spill off nothing is"
            + " spilled",
        e);
  }

  @Override
  public void close() {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      throw failed("cannot close the spill file in " + folder, e);
    }
  }
}
