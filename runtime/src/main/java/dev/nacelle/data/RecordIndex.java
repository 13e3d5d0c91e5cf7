package dev.nacelle.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Where each record lies, in a scratch file of 32 bytes a record: memory stays flat. */
final class RecordIndex implements AutoCloseable {
  private static final int ENTRY = 32;
  private static final int BLOCK = 1024;

  private final Path folder;
  private final FileChannel channel;
  private final ByteBuffer pending = ByteBuffer.allocate(ENTRY * BLOCK);
  private long size;

  /**
   * One record.
   *
   * @param offset of its first byte in the unpacked file
   * @param line from 1
   * @param hash of its bytes
   * @param length in bytes
   * @param file number of its file
   */
  record Entry(long offset, long line, long hash, int length, int file) {}

  RecordIndex(Path folder) {
    this.folder = folder;
    this.channel = Scratch.file(folder);
  }

  long size() {
    return size;
  }

  void add(Entry entry) {
    if (!pending.hasRemaining()) {
      flush();
    }
    pending
        .putLong(entry.offset())
        .putLong(entry.line())
        .putLong(entry.hash())
        .putInt(entry.length())
        .putInt(entry.file());
    size++;
  }

  /** To be called after the last {@link #add} and before any reading. */
  void flush() {
    pending.flip();
    try {
      while (pending.hasRemaining()) {
        channel.write(pending);
      }
    } catch (IOException e) {
      throw Scratch.full(folder, e);
    }
    pending.clear();
  }

  Entry get(long record) {
    ByteBuffer entry = read(record, 1);
    return new Entry(
        entry.getLong(), entry.getLong(), entry.getLong(), entry.getInt(), entry.getInt());
  }

  /**
   * The k-th smallest hash, unsigned, k from 1: how a share of the records is chosen by content
   * alone. Four passes over the index, 16 bits each.
   */
  long smallestHash(long k) {
    long prefix = 0;
    long rank = k;
    for (int shift = 48; shift >= 0; shift -= 16) {
      long[] counts = new long[1 << 16];
      long known = shift == 48 ? 0 : -1L << (shift + 16);
      for (long record = 0; record < size; record += BLOCK) {
        int n = (int) Math.min(BLOCK, size - record);
        ByteBuffer block = read(record, n);
        for (int i = 0; i < n; i++) {
          long hash = block.getLong(i * ENTRY + 16);
          if ((hash & known) == prefix) {
            counts[(int) (hash >>> shift) & 0xFFFF]++;
          }
        }
      }
      int digit = 0;
      while (rank > counts[digit]) {
        rank -= counts[digit++];
      }
      prefix |= (long) digit << shift;
    }
    return prefix;
  }

  private ByteBuffer read(long record, int n) {
    if (record < 0 || record + n > size) {
      throw new IndexOutOfBoundsException("record " + record + " of " + size);
    }
    ByteBuffer block = ByteBuffer.allocate(ENTRY * n);
    try {
      while (block.hasRemaining() && channel.read(block, record * ENTRY + block.position()) > 0) {}
    } catch (IOException e) {
      throw Scratch.full(folder, e);
    }
    return block.flip();
  }

  @Override
  public void close() {
    Scratch.close(channel);
  }
}
