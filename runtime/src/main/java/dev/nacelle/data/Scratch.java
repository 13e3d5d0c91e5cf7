package dev.nacelle.data;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Files that hold what memory should not, and vanish with the process however it ends. */
final class Scratch {
  private Scratch() {}

  /**
   * A new file, open for reading and writing. Its name is gone as soon as it is open (POSIX), so a
   * killed run leaves nothing behind.
   */
  static FileChannel file(Path folder) {
    try {
      Files.createDirectories(folder);
      return FileChannel.open(
          folder.resolve(".nacelle-" + UUID.randomUUID() + ".tmp"),
          StandardOpenOption.CREATE_NEW,
          StandardOpenOption.READ,
          StandardOpenOption.WRITE,
          StandardOpenOption.DELETE_ON_CLOSE);
    } catch (IOException e) {
      throw full(folder, e);
    }
  }

  static void write(OutputStream out, byte[] bytes, int length, Path folder) {
    try {
      out.write(bytes, 0, length);
    } catch (IOException e) {
      throw full(folder, e);
    }
  }

  static NacelleException full(Path folder, IOException e) {
    return NacelleException.environment(
        "A temporary file in " + folder + " cannot be written (" + e.getMessage() + ").",
        "Free some space there, or set TMPDIR to a folder that has it.",
        e);
  }

  static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
