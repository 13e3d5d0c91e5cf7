package dev.nacelle.nativeaccess;

import dev.nacelle.nativeaccess.ffm.Libc;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Native memory from the C library. Java's own arenas clear what they hand out, which costs a pass
 * over every activation; these do not.
 */
public final class NativeMemory {
  /** Enough for a cache line and for every vector width in use. */
  public static final long ALIGNMENT = 64;

  /** No processor has more addresses; rounding up cannot overflow below it. */
  private static final long LARGEST = 1L << 56;

  /** Bytes of the largest pages in which Linux caches files, where its small ones have 4 KiB. */
  private static final long HUGE_PAGE = 2 << 20;

  private static final AtomicLong LIVE_BUFFERS = new AtomicLong();
  private static final AtomicLong LIVE_BYTES = new AtomicLong();
  private static final AtomicLong ALLOCATED_BYTES = new AtomicLong();

  private static final ScopedValue<Source> SOURCE = ScopedValue.newInstance();

  private NativeMemory() {}

  /** Memory in the C library's place: such as a device reaches too. */
  public interface Source {
    /**
     * @param bytes may be 0: then too the address is one of its own
     * @return an address, {@link NativeMemory#ALIGNMENT}-aligned; 0 where there is no more
     */
    long allocate(long bytes);

    void free(long address);
  }

  /**
   * Does some work whose memory comes from a source: what this thread allocates meanwhile. It goes
   * back where it came from, whenever it is closed.
   */
  public static void from(Source source, Runnable work) {
    ScopedValue.where(SOURCE, source).run(work);
  }

  /**
   * New memory, {@link #ALIGNMENT}-aligned, not zeroed.
   *
   * @throws NativeException if the system has none left
   */
  public static NativeBuffer allocate(long bytes) {
    if (bytes < 0 || bytes > LARGEST) {
      throw new IllegalArgumentException("cannot allocate " + bytes + " bytes");
    }
    Source from = SOURCE.isBound() ? SOURCE.get() : null;
    long address = from == null ? alignedAlloc(bytes) : from.allocate(bytes);
    if (address == 0) {
      throw new NativeException("the system refused " + bytes + " bytes of memory");
    }
    LIVE_BUFFERS.incrementAndGet();
    LIVE_BYTES.addAndGet(bytes);
    ALLOCATED_BYTES.addAndGet(bytes);
    return NativeBuffer.wrap(
        RawMemory.segment(address, bytes),
        () -> {
          LIVE_BUFFERS.decrementAndGet();
          LIVE_BYTES.addAndGet(-bytes);
          if (from == null) {
            Libc.free(address);
          } else {
            from.free(address);
          }
        });
  }

  private static long alignedAlloc(long bytes) {
    long rounded = Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    return Libc.alignedAlloc(ALIGNMENT, rounded);
  }

  /**
   * Address space that becomes memory where it is touched: a range of {@code bytes} zero pages that
   * count against nothing until they are written.
   *
   * @throws NativeException if the system refuses the range
   */
  public static NativeBuffer reserve(long bytes) {
    if (bytes <= 0 || bytes > LARGEST) {
      throw new IllegalArgumentException("cannot reserve " + bytes + " bytes");
    }
    long address = Libc.reserve(bytes);
    if (address == -1) {
      throw new NativeException("the system refused a range of " + bytes + " bytes of addresses");
    }
    LIVE_BUFFERS.incrementAndGet();
    return NativeBuffer.wrap(
        RawMemory.segment(address, bytes),
        () -> {
          LIVE_BUFFERS.decrementAndGet();
          Libc.unmap(address, bytes);
        });
  }

  /** Maps a whole file read-only; closing the buffer unmaps it. */
  @SuppressWarnings("MustBeClosedChecker") // the buffer closes it
  public static NativeBuffer map(Path file) throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment segment = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      LIVE_BUFFERS.incrementAndGet();
      return NativeBuffer.wrap(
          segment,
          () -> {
            LIVE_BUFFERS.decrementAndGet();
            arena.close();
          });
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Has the pages of a mapped file's part read ahead, without waiting for them. */
  public static void willNeed(NativeBuffer part) {
    advise(part, Libc.pageBytes(), true);
  }

  /**
   * Takes the pages of a mapped file's part out of this process, and with them those that came for
   * company: the kernel maps what lies around a page that is read, up to the huge page in which its
   * cache holds it. Whoever reads any of them next has them read again, from the system's cache
   * where they are still there. Does nothing for other memory, whose content would be lost.
   */
  public static void letGo(NativeBuffer part) {
    advise(part, HUGE_PAGE, false);
  }

  // Outwards, but not beyond the mapping: a neighbour's pages that go too come back in the same
  // way. A mapping begins at a page, so that the first one is never anybody else's.
  private static void advise(NativeBuffer part, long unit, boolean needed) {
    if (part.isMapped() && part.byteSize() > 0) {
      NativeBuffer whole = part.whole();
      long from = Math.max(part.address() & -unit, whole.address() & -(long) Libc.pageBytes());
      long to = (part.address() + part.byteSize() + unit - 1) & -unit;
      Libc.advise(from, Math.min(to, whole.address() + whole.byteSize()) - from, needed);
    }
  }

  /**
   * Gives whole pages of a {@link #reserve reserved} range back: they hold zeros from now on, and
   * count against nothing until they are written again.
   *
   * @param part begins and ends at pages
   */
  public static void discard(NativeBuffer part) {
    if (part.isMapped()) {
      throw new IllegalArgumentException("a mapped file's pages are let go, not discarded");
    }
    Libc.advise(part.address(), part.byteSize(), false);
  }

  /** Bytes that {@link #allocate} gave out since the start, whether they came back or not. */
  public static long allocatedBytes() {
    return ALLOCATED_BYTES.get();
  }

  /** Buffers that own memory and are not closed yet: zero at the end of a test suite. */
  public static long liveBuffers() {
    return LIVE_BUFFERS.get();
  }

  /** Bytes of {@link #allocate} not given back yet. */
  public static long liveBytes() {
    return LIVE_BYTES.get();
  }
}
