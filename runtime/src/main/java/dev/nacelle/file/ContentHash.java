package dev.nacelle.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * A hash of a file's content that is made about as fast as the file can be read: SHA-256 over the
 * CRC-32C of each MiB and the length. It finds every accident; it does not withstand somebody who
 * makes two files alike on purpose.
 */
public final class ContentHash {
  private static final int CHUNK = 1 << 20;
  private static final int DIGITS = 32;

  private ContentHash() {}

  /**
   * The hash, 32 hexadecimal digits.
   *
   * @param pause called between chunks; what it throws ends the reading
   * @throws dev.nacelle.NacelleException of kind INPUT where the file cannot be read
   */
  public static String of(Path file, Runnable pause) {
    MessageDigest digest = sha256();
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK);
    ByteBuffer sum = ByteBuffer.allocate(Long.BYTES);
    long length = 0;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (fill(channel, chunk)) {
        pause.run();
        length += chunk.remaining();
        CRC32C crc = new CRC32C();
        crc.update(chunk);
        digest.update(sum.putLong(0, crc.getValue()).array());
      }
    } catch (IOException e) {
      throw MappedFile.unreadable(file, e);
    }
    digest.update(sum.putLong(0, length).array());
    return HexFormat.of().formatHex(digest.digest()).substring(0, DIGITS);
  }

  /** The hash of bytes in memory, 32 hexadecimal digits of SHA-256. */
  public static String of(byte[] bytes) {
    return HexFormat.of().formatHex(sha256().digest(bytes)).substring(0, DIGITS);
  }

  /** Reads until the buffer is full or the file ends; false where nothing was left. */
  private static boolean fill(FileChannel channel, ByteBuffer chunk) throws IOException {
    chunk.clear();
    while (chunk.hasRemaining() && channel.read(chunk) >= 0) {}
    chunk.flip();
    return chunk.hasRemaining();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
