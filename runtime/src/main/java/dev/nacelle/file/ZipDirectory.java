package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Where the members of a zip file lie, for members that are stored as they are, which is how
 * PyTorch writes them. The layout is PKWARE's APPNOTE: the end record, the central directory that
 * it points to, a local header before each member; each with its ZIP64 form.
 */
final class ZipDirectory {
  private static final int END = 0x06054b50;
  private static final int END64_LOCATOR = 0x07064b50;
  private static final int END64 = 0x06064b50;
  private static final int CENTRAL = 0x02014b50;
  private static final int LOCAL = 0x04034b50;
  private static final int END_BYTES = 22;
  private static final int CENTRAL_BYTES = 46;
  private static final int LOCAL_BYTES = 30;
  private static final int MOST_COMMENT = 0xffff;

  /** One module has a few tensors, a model some hundred modules. */
  private static final long MOST_MEMBERS = 1 << 20;

  /** A size or place that the 64-bit field holds instead. */
  private static final long IN_64 = 0xffffffffL;

  /** A member's bytes in the file. */
  record Member(long offset, long bytes) {}

  private final Path file;
  private final NativeBuffer mapped;
  private final Map<String, Member> members = new HashMap<>();

  private ZipDirectory(Path file, NativeBuffer mapped) {
    this.file = file;
    this.mapped = mapped;
  }

  /**
   * Reads the directory.
   *
   * @throws NacelleException of kind INPUT where it breaks a rule of the format
   */
  static Map<String, Member> read(Path file, NativeBuffer mapped) {
    ZipDirectory directory = new ZipDirectory(file, mapped);
    directory.read();
    return directory.members;
  }

  private void read() {
    long at = findEnd();
    ByteBuffer end = bytes(at, END_BYTES, "the end record");
    long count = end.getShort(10) & 0xffff;
    long size = end.getInt(12) & IN_64;
    long offset = end.getInt(16) & IN_64;
    if (count == 0xffff || size == IN_64 || offset == IN_64) {
      ByteBuffer locator = bytes(at - 20, 20, "the ZIP64 locator");
      require(locator.getInt(0) == END64_LOCATOR, "the ZIP64 locator is missing");
      ByteBuffer end64 = bytes(locator.getLong(8), 56, "the ZIP64 end record");
      require(end64.getInt(0) == END64, "the ZIP64 end record is missing");
      count = end64.getLong(32);
      size = end64.getLong(40);
      offset = end64.getLong(48);
    }
    require(count >= 0 && count <= MOST_MEMBERS, "it claims " + count + " members");
    require(
        offset >= 0 && size >= 0 && offset <= at && size <= at - offset,
        "its directory of " + size + " bytes from byte " + offset + " does not lie in the file");
    long next = offset;
    for (long n = 0; n < count; n++) {
      next = member(next, offset + size);
    }
  }

  /** The end record is the last of its signature, with a comment of up to 64 KiB behind it. */
  private long findEnd() {
    long size = mapped.byteSize();
    for (long at = size - END_BYTES; at >= Math.max(0, size - END_BYTES - MOST_COMMENT); at--) {
      byte[] four = new byte[4];
      mapped.read(at, four, 0, 4);
      if (four[0] == 'P' && ByteBuffer.wrap(four).order(ByteOrder.LITTLE_ENDIAN).getInt() == END) {
        return at;
      }
    }
    throw error("it has no end record, so it is no zip file");
  }

  /** One entry of the directory; returns where the next begins. */
  private long member(long at, long directoryEnd) {
    require(at <= directoryEnd - CENTRAL_BYTES, "its directory is cut short");
    ByteBuffer head = bytes(at, CENTRAL_BYTES, "the directory");
    require(head.getInt(0) == CENTRAL, "byte " + at + " is no entry of the directory");
    int flags = head.getShort(8);
    int method = head.getShort(10) & 0xffff;
    long stored = head.getInt(20) & IN_64;
    long bytes = head.getInt(24) & IN_64;
    int nameBytes = head.getShort(28) & 0xffff;
    int extraBytes = head.getShort(30) & 0xffff;
    int commentBytes = head.getShort(32) & 0xffff;
    long local = head.getInt(42) & IN_64;
    long end = at + CENTRAL_BYTES + nameBytes + extraBytes + commentBytes;
    require(end <= directoryEnd, "its directory is cut short");
    ByteBuffer nameAndExtra = bytes(at + CENTRAL_BYTES, nameBytes + extraBytes, "the directory");
    byte[] name = new byte[nameBytes];
    nameAndExtra.get(name);
    String text = new String(name, StandardCharsets.UTF_8);
    if (stored == IN_64 || bytes == IN_64 || local == IN_64) {
      long[] wide = {bytes, stored, local};
      widen(nameAndExtra, wide, text);
      bytes = wide[0];
      stored = wide[1];
      local = wide[2];
    }
    require((flags & 1) == 0, "its member " + quoted(text) + " is encrypted");
    require(
        method == 0 && stored == bytes,
        "its member " + quoted(text) + " is compressed, which torch.save never does");
    require(
        members.put(text, locate(text, local, bytes)) == null,
        "it has two members " + quoted(text));
    return end;
  }

  /** The ZIP64 extra field: those of size, stored size and offset that the directory leaves out. */
  private void widen(ByteBuffer extra, long[] values, String name) {
    while (extra.remaining() >= 4) {
      int id = extra.getShort() & 0xffff;
      int length = extra.getShort() & 0xffff;
      require(length <= extra.remaining(), "an extra field of " + quoted(name) + " is cut short");
      int end = extra.position() + length;
      if (id == 1) {
        for (int i = 0; i < values.length; i++) {
          if (values[i] == IN_64) {
            require(end - extra.position() >= 8, "the sizes of " + quoted(name) + " are missing");
            values[i] = extra.getLong();
          }
        }
        return;
      }
      extra.position(end);
    }
    throw error("the 64-bit sizes of its member " + quoted(name) + " are missing");
  }

  private Member locate(String name, long local, long bytes) {
    ByteBuffer head = bytes(local, LOCAL_BYTES, "the header of " + quoted(name));
    require(head.getInt(0) == LOCAL, "its member " + quoted(name) + " has no header");
    long start = local + LOCAL_BYTES + (head.getShort(26) & 0xffff) + (head.getShort(28) & 0xffff);
    require(
        bytes >= 0 && start <= mapped.byteSize() && bytes <= mapped.byteSize() - start,
        "its member " + quoted(name) + " of " + bytes + " bytes runs past the end of the file");
    return new Member(start, bytes);
  }

  private ByteBuffer bytes(long at, int count, String what) {
    require(at >= 0 && at <= mapped.byteSize() - count, what + " does not lie in the file");
    byte[] copy = new byte[count];
    mapped.read(at, copy, 0, count);
    return ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void require(boolean holds, String what) {
    if (!holds) {
      throw error(what);
    }
  }

  private static String quoted(String name) {
    return Quoted.name(name);
  }

  private NacelleException error(String what) {
    return TorchFile.error(file, what);
  }
}
