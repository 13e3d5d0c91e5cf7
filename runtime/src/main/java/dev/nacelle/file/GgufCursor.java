package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads a mapped GGUF file from front to back; every step is held against the end of the file. */
final class GgufCursor {
  /** Single numbers are read through a copy of this many bytes: mapped memory is dear to ask. */
  private static final int WINDOW = 1 << 14;

  private final Path file;
  private final NativeBuffer mapped;
  private final ByteBuffer window =
      ByteBuffer.allocate(WINDOW).order(ByteOrder.LITTLE_ENDIAN).limit(0);
  private long windowStart;
  private long position;

  GgufCursor(Path file, NativeBuffer mapped, long position) {
    this.file = file;
    this.mapped = mapped;
    this.position = position;
  }

  long position() {
    return position;
  }

  long remaining() {
    return mapped.byteSize() - position;
  }

  /** Steps over bytes, which must be there. */
  long skip(long bytes, String what) {
    if (bytes < 0 || bytes > remaining()) {
      throw error(what + " runs past the end of the file");
    }
    long at = position;
    position += bytes;
    return at;
  }

  int u8(String what) {
    return window.get(inWindow(1, what)) & 0xff;
  }

  int u16(String what) {
    return window.getShort(inWindow(2, what)) & 0xffff;
  }

  int i32(String what) {
    return window.getInt(inWindow(4, what));
  }

  long i64(String what) {
    return window.getLong(inWindow(8, what));
  }

  /** Steps over a few bytes and gives their index in the window, filling that where needed. */
  private int inWindow(int bytes, String what) {
    long at = skip(bytes, what);
    if (at < windowStart || at + bytes > windowStart + window.limit()) {
      int n = (int) Math.min(WINDOW, mapped.byteSize() - at);
      mapped.read(at, window.array(), 0, n);
      window.limit(n);
      windowStart = at;
    }
    return (int) (at - windowStart);
  }

  /** A count that the rest of the file can hold, each thing taking at least some bytes. */
  long count(String what, long leastBytesEach) {
    long n = i64(what);
    if (n < 0 || n > remaining() / leastBytesEach) {
      throw error(
          what + " is " + Long.toUnsignedString(n) + ", more than the rest of the file can hold");
    }
    return n;
  }

  /** A string of UTF-8: eight bytes of length, then its bytes. */
  String text(String what, int longest) {
    long length = i64("the length of " + what);
    if (length < 0 || length > remaining()) {
      throw error(
          what + " of " + Long.toUnsignedString(length) + " bytes runs past the end of the file");
    }
    if (length > longest) {
      throw error(what + " has " + length + " bytes, more than " + longest);
    }
    byte[] bytes = new byte[(int) length];
    mapped.read(skip(length, what), bytes, 0, bytes.length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw error(what + " is not UTF-8");
    }
  }

  NacelleException error(String rule) {
    return NacelleException.input(
        Quoted.path(file) + ": byte " + position + ": " + rule,
        "the file is damaged, cut short or no GGUF file; fetch it again");
  }
}
