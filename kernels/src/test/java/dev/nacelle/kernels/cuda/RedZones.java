package dev.nacelle.kernels.cuda;

import dev.nacelle.nativeaccess.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Memory between two zones of NaN that nobody may write: closing it holds them. What reads a zone
 * computes with NaN.
 */
public final class RedZones {
  /** Bytes on either side. */
  static final long ZONE = 256;

  private static final byte MARK = (byte) 0xff;

  private RedZones() {}

  /**
   * As {@link NativeBuffer#allocate}; closing throws an AssertionError where a zone was written.
   */
  public static NativeBuffer allocate(long bytes) {
    NativeBuffer whole = NativeBuffer.allocate(bytes + 2 * ZONE);
    MemorySegment all = whole.segment();
    all.fill(MARK);
    return NativeBuffer.wrap(
        all.asSlice(ZONE, bytes),
        () -> {
          long wrong = written(all, bytes);
          whole.close();
          if (wrong != 0) {
            throw new AssertionError(
                "byte "
                    + wrong
                    + " of a buffer of "
                    + bytes
                    + " was written: it is not part of it");
          }
        });
  }

  /** The first byte outside that was written, counted from the buffer's start; 0 for none. */
  private static long written(MemorySegment all, long bytes) {
    for (long i = 0; i < ZONE; i++) {
      if (all.get(ValueLayout.JAVA_BYTE, i) != MARK) {
        return i - ZONE;
      }
      if (all.get(ValueLayout.JAVA_BYTE, ZONE + bytes + i) != MARK) {
        return bytes == 0 && i == 0 ? 1 : bytes + i;
      }
    }
    return 0;
  }
}
