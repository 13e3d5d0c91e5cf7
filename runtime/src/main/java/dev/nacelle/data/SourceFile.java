package dev.nacelle.data;

import dev.nacelle.NacelleException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * One data file as bytes that can be read at any place. A compressed file, and one that cannot be
 * read twice (a pipe), is first written out to a nameless file in the scratch folder.
 */
final class SourceFile implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final Path path;
  private final FileChannel channel;

  /** Digest of the bytes as they lie on disk; null until a pass over the plain file made it. */
  private byte @Nullable [] sha256;

  private SourceFile(Path path, FileChannel channel, byte @Nullable [] sha256) {
    this.path = path;
    this.channel = channel;
    this.sha256 = sha256;
  }

  /**
   * @throws NacelleException (input) where the file is missing, unreadable or damaged;
   *     (environment) where the scratch folder takes no more
   */
  static SourceFile open(Path path, Path scratch) {
    if (!Files.exists(path)) {
      throw NacelleException.input("The data file " + path + " does not exist.", null);
    }
    if (Files.isDirectory(path)) {
      throw NacelleException.input(
          "The data file " + path + " is a folder.", "Name the files in it, one --data each.");
    }
    try {
      if (Files.isRegularFile(path)) {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        ByteBuffer magic = ByteBuffer.allocate(2);
        if (channel.read(magic, 0) < 2 || !isGzip(magic.get(0), magic.get(1))) {
          return new SourceFile(path, channel, null);
        }
        channel.close();
      }
      return spool(path, scratch);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private static boolean isGzip(int first, int second) {
    return (first & 0xFF) == 0x1F && (second & 0xFF) == 0x8B;
  }

  private static SourceFile spool(Path path, Path scratch) throws IOException {
    MessageDigest digest = newDigest();
    FileChannel copy = Scratch.file(scratch);
    long unpacked = 0;
    try (PushbackInputStream packed =
        new PushbackInputStream(new DigestInputStream(Files.newInputStream(path), digest), 2)) {
      byte[] magic = packed.readNBytes(2);
      packed.unread(magic);
      boolean gzip = magic.length == 2 && isGzip(magic[0], magic[1]);
      InputStream in = gzip ? new GZIPInputStream(packed, BUFFER) : packed;
      OutputStream out = Channels.newOutputStream(copy);
      byte[] buffer = new byte[BUFFER];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        Scratch.write(out, buffer, n, scratch);
        unpacked += n;
      }
      packed.transferTo(OutputStream.nullOutputStream());
    } catch (ZipException | EOFException e) {
      copy.close();
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          "%s is damaged: its gzip data ends or breaks after %d unpacked bytes (%s)."
              .formatted(path, unpacked, e.getMessage()),
          "Fetch or pack the file again; gzip -t says whether it is whole.",
          e);
    } catch (IOException | NacelleException e) {
      copy.close();
      throw e;
    }
    return new SourceFile(path, copy, digest.digest());
  }

  static NacelleException unreadable(Path path, IOException e) {
    return new NacelleException(
        NacelleException.Kind.INPUT,
        "The data file " + path + " cannot be read (" + e.getMessage() + ").",
        null,
        e);
  }

  static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  Path path() {
    return path;
  }

  /** Unpacked bytes. */
  long size() {
    try {
      return channel.size();
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /** Whether the digest is still to be made from the bytes that a pass reads. */
  boolean wantsDigest() {
    return sha256 == null;
  }

  void digest(byte[] digest) {
    sha256 = digest;
  }

  byte[] sha256() {
    byte[] known = sha256;
    if (known == null) {
      throw new IllegalStateException(path + " was not read through yet");
    }
    return known;
  }

  /** Fills the buffer from the place; says how many bytes there were, 0 at the end. */
  int read(byte[] buffer, long offset) {
    try {
      ByteBuffer target = ByteBuffer.wrap(buffer);
      while (target.hasRemaining() && channel.read(target, offset + target.position()) > 0) {}
      return target.position();
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  @Override
  public void close() {
    Scratch.close(channel);
  }
}
