package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.ffm.RawMemory;
import java.lang.foreign.Arena;

/** A few bytes that a call writes its results to. */
final class Out implements AutoCloseable {
  private final Arena arena = Arena.ofConfined();
  private final long address;

  Out(long bytes) {
    address = arena.allocate(bytes, 8).address();
  }

  long address() {
    return address;
  }

  long at(long offset) {
    return address + offset;
  }

  long getLong(long offset) {
    return RawMemory.getLong(address + offset);
  }

  int getInt(long offset) {
    return RawMemory.getInt(address + offset);
  }

  /** A C string for as long as this is open. */
  long text(String text) {
    return arena.allocateFrom(text).address();
  }

  /** A copy of bytes for as long as this is open. */
  long bytes(byte... bytes) {
    var segment = arena.allocate(Math.max(1, bytes.length), 16);
    segment.asByteBuffer().put(bytes);
    return segment.address();
  }

  /** More room, zeroed. */
  long room(long bytes) {
    return arena.allocate(bytes, 8).address();
  }

  @Override
  public void close() {
    arena.close();
  }
}
