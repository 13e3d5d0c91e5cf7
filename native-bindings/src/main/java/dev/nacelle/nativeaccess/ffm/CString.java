package dev.nacelle.nativeaccess.ffm;

import java.lang.foreign.Arena;

/** A C string for the length of one call, or for ever. */
public final class CString implements AutoCloseable {
  private final Arena arena;
  private final long address;

  private CString(Arena arena, String text) {
    this.arena = arena;
    this.address = arena.allocateFrom(text).address();
  }

  /** A copy that lives until it is closed. */
  @SuppressWarnings("MustBeClosedChecker") // close() closes the arena
  public static CString of(String text) {
    return new CString(Arena.ofConfined(), text);
  }

  /** The address of a copy that is never given back: names of operators and the like. */
  public static long forever(String text) {
    return Arena.global().allocateFrom(text).address();
  }

  /** The address of memory that is never given back: a thread's argument stack, say. */
  public static long reserve(long bytes) {
    return Arena.global().allocate(bytes, 8).address();
  }

  public long address() {
    return address;
  }

  @Override
  public void close() {
    arena.close();
  }
}
