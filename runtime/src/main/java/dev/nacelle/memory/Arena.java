package dev.nacelle.memory;

import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.NativeMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Best-fit allocation inside reserved address ranges. The C library would map and unmap every large
 * block, so each step would fault in and clear all its activations again; here a page once touched
 * serves all later steps, neighbours coalesce, and varying lengths cannot fragment past the next
 * free neighbour.
 */
final class Arena implements AutoCloseable {
  private static final long ALIGNMENT = NativeMemory.ALIGNMENT;
  private static final long PAGE = 4096;

  private record Hole(long bytes, int region, long offset) implements Comparable<Hole> {
    @Override
    public int compareTo(Hole other) {
      int c = Long.compare(bytes, other.bytes);
      if (c == 0) {
        c = Integer.compare(region, other.region);
      }
      return c == 0 ? Long.compare(offset, other.offset) : c;
    }
  }

  private static final class Region {
    private final NativeBuffer buffer;
    private final TreeMap<Long, Hole> byOffset = new TreeMap<>();
    private long touched;

    Region(NativeBuffer buffer) {
      this.buffer = buffer;
    }
  }

  private final long regionBytes;
  private final List<Region> regions = new ArrayList<>();
  private final TreeSet<Hole> holes = new TreeSet<>();
  private long limit = Long.MAX_VALUE;

  /**
   * @param regionBytes addresses to reserve at a time; only touched pages become memory
   */
  Arena(long regionBytes) {
    this.regionBytes = regionBytes;
  }

  /** A block of at least {@code bytes}, and where it lies. */
  record Block(NativeBuffer buffer, int region, long offset, long bytes) {}

  Block allocate(long bytes) {
    long wanted = Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    Hole hole = holes.ceiling(new Hole(wanted, -1, -1));
    if (hole == null) {
      hole = grow(wanted);
    }
    Region region = regions.get(hole.region);
    long grown = Math.max(region.touched, hole.offset + wanted);
    long more = pages(grown) - pages(region.touched);
    if (more > 0 && touchedBytes() + more > limit) {
      throw new NativeException(
          "%d bytes are touched, %d more would pass the limit of %d"
              .formatted(touchedBytes(), more, limit));
    }
    remove(hole);
    if (hole.bytes > wanted) {
      add(new Hole(hole.bytes - wanted, hole.region, hole.offset + wanted));
    }
    region.touched = grown;
    NativeBuffer slice = region.buffer.slice(hole.offset, wanted);
    return new Block(slice, hole.region, hole.offset, wanted);
  }

  /**
   * Bytes of pages ever handed out. All of them stay resident once written, and a region is handed
   * out from its start on.
   */
  long touchedBytes() {
    long sum = 0;
    for (Region region : regions) {
      sum += pages(region.touched);
    }
    return sum;
  }

  private static long pages(long bytes) {
    return (bytes + PAGE - 1) / PAGE * PAGE;
  }

  /** From now on no more than so many bytes of pages are handed out; what is there stays. */
  void limit(long bytes) {
    limit = bytes;
  }

  /** Gives the pages behind the last block of each region back to the system. */
  void trim() {
    for (Region region : regions) {
      Map.Entry<Long, Hole> last = region.byOffset.lastEntry();
      if (last == null || last.getKey() + last.getValue().bytes < region.buffer.byteSize()) {
        continue;
      }
      long from = pages(last.getKey());
      if (from < region.touched) {
        NativeMemory.discard(region.buffer.slice(from, pages(region.touched) - from));
        region.touched = from;
      }
    }
  }

  void free(Block block) {
    TreeMap<Long, Hole> byOffset = regions.get(block.region).byOffset;
    long offset = block.offset;
    long bytes = block.bytes;
    Map.Entry<Long, Hole> before = byOffset.lowerEntry(offset);
    if (before != null && before.getKey() + before.getValue().bytes == offset) {
      remove(before.getValue());
      offset = before.getKey();
      bytes += before.getValue().bytes;
    }
    Hole after = byOffset.get(block.offset + block.bytes);
    if (after != null) {
      remove(after);
      bytes += after.bytes;
    }
    add(new Hole(bytes, block.region, offset));
  }

  private Hole grow(long wanted) {
    long bytes = Math.max(regionBytes, wanted);
    NativeBuffer buffer;
    try {
      buffer = NativeMemory.reserve(bytes);
    } catch (NativeException e) {
      buffer = NativeMemory.reserve(wanted);
      bytes = wanted;
    }
    regions.add(new Region(buffer));
    Hole hole = new Hole(bytes, regions.size() - 1, 0);
    add(hole);
    return hole;
  }

  private void add(Hole hole) {
    holes.add(hole);
    regions.get(hole.region).byOffset.put(hole.offset, hole);
  }

  private void remove(Hole hole) {
    holes.remove(hole);
    regions.get(hole.region).byOffset.remove(hole.offset);
  }

  @Override
  public void close() {
    for (Region region : regions) {
      region.buffer.close();
    }
    regions.clear();
    holes.clear();
  }
}
