package dev.nacelle.file;

import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.InputStream;

/** A stretch of mapped memory as a stream, for parsers that take no memory. */
final class MappedInputStream extends InputStream {
  private final NativeBuffer mapped;
  private final long end;
  private long position;

  MappedInputStream(NativeBuffer mapped, long offset, long length) {
    this.mapped = mapped;
    this.position = offset;
    this.end = offset + length;
  }

  @Override
  public int read() {
    return position < end ? mapped.getByte(position++) & 0xff : -1;
  }

  @Override
  public int read(byte[] target, int from, int length) {
    if (length == 0) {
      return 0;
    }
    if (position >= end) {
      return -1;
    }
    int n = (int) Math.min(length, end - position);
    mapped.read(position, target, from, n);
    position += n;
    return n;
  }
}
