package dev.nacelle.nativeaccess;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Native memory: aligned, bounded, closed once. */
class NativeBufferTest {
  @TempDir Path temp = Path.of("");

  @Test
  void everyAllocationIsAlignedAndCounted() {
    long bytes = NativeMemory.liveBytes();
    long buffers = NativeMemory.liveBuffers();
    for (long size : new long[] {0, 1, 63, 64, 65, 1_000_003}) {
      try (NativeBuffer buffer = NativeBuffer.allocate(size)) {
        assertEquals(0, buffer.address() % NativeMemory.ALIGNMENT);
        assertEquals(size, buffer.byteSize());
        assertEquals(bytes + size, NativeMemory.liveBytes());
      }
    }
    assertEquals(buffers, NativeMemory.liveBuffers());
    assertThrows(IllegalArgumentException.class, () -> NativeBuffer.allocate(-1));
    assertThrows(IllegalArgumentException.class, () -> NativeBuffer.allocate(Long.MAX_VALUE));
    assertThrows(NativeException.class, () -> NativeBuffer.allocate(1L << 55));
  }

  @Test
  void readsWhatWasWritten() {
    try (NativeBuffer buffer = NativeBuffer.allocate(64)) {
      buffer.zero();
      buffer.write(2, new float[] {0, 1.5f, -2, 0}, 1, 2);
      assertEquals(1.5f, buffer.getFloat(2));
      float[] back = new float[3];
      buffer.read(2, back, 1, 2);
      assertArrayEquals(new float[] {0, 1.5f, -2}, back);
      buffer.setLong(5, Long.MIN_VALUE + 7);
      buffer.setInt(9, -3);
      buffer.setShort(1, (short) -2);
      buffer.setByte(0, (byte) 200);
      assertEquals(Long.MIN_VALUE + 7, buffer.getLong(5));
      assertEquals(-3, buffer.getInt(9));
      assertEquals(-2, buffer.getShort(1));
      assertEquals((byte) 200, buffer.getByte(0));
      try (NativeBuffer copy = NativeBuffer.allocate(64)) {
        copy.copyFrom(0, buffer, 0, 64);
        assertEquals(-2f, copy.getFloat(3));
      }
    }
  }

  @Test
  void outOfBoundsIsAnErrorNotACrash() {
    try (NativeBuffer buffer = NativeBuffer.allocate(8)) {
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.getFloat(2));
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.setLong(1, 0));
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.getByte(-1));
      assertThrows(IndexOutOfBoundsException.class, () -> buffer.slice(4, 5));
      assertThrows(
          IndexOutOfBoundsException.class, () -> buffer.write(1, new float[] {1, 2}, 0, 2));
    }
  }

  @Test
  void closedMemoryIsNotReachedThroughASliceEither() {
    NativeBuffer buffer = NativeBuffer.allocate(16);
    NativeBuffer slice = buffer.slice(4, 8);
    slice.close();
    assertEquals(false, buffer.isClosed());
    NativeBuffer second = buffer.slice(4, 8);
    buffer.close();
    assertTrue(second.isClosed());
    String message =
        String.valueOf(
            assertThrows(IllegalStateException.class, () -> second.getFloat(0)).getMessage());
    assertEquals("native buffer of 8 bytes used after close", message);
    assertThrows(IllegalStateException.class, buffer::close);
    assertThrows(IllegalStateException.class, buffer::address);
  }

  @Test
  void reservedMemoryIsZeroAndCountsOnlyWhereItIsTouched() {
    try (NativeBuffer range = NativeMemory.reserve(1L << 40)) {
      assertEquals(0, range.getLong((1L << 37) - 1));
      range.setLong(1L << 30, 5);
      assertEquals(5, range.getLong(1L << 30));
    }
    assertThrows(IllegalArgumentException.class, () -> NativeMemory.reserve(0));
  }

  @Test
  void filesAreMappedReadOnly() throws IOException {
    Path file = temp.resolve("data");
    Files.write(file, new byte[] {1, 2, 3, 4, 5});
    try (NativeBuffer mapped = NativeMemory.map(file)) {
      assertEquals(5, mapped.byteSize());
      assertEquals(0x04030201, mapped.getInt(0));
      assertThrows(IllegalArgumentException.class, () -> mapped.setByte(0, (byte) 1));
    }
    Files.write(file, new byte[0]);
    try (NativeBuffer mapped = NativeMemory.map(file)) {
      assertEquals(0, mapped.byteSize());
    }
  }

  /** The kernel maps more than the page that is read; what nobody asked for has to go too. */
  @Test
  void lettingAPartGoLeavesNothingOfWhatCameWithIt() throws IOException {
    assumeTrue(!ProcessPages.resident().isEmpty(), "the system does not tell what is resident");
    Path file = temp.resolve("weights");
    byte[] content = new byte[8 << 20];
    new Random(5).nextBytes(content);
    Files.write(file, content);
    int from = (3 << 20) + (20 << 10);
    int bytes = 100 << 10;
    try (NativeBuffer mapped = NativeMemory.map(file);
        NativeBuffer before = mapped.slice(0, 1 << 20);
        NativeBuffer part = mapped.slice(from, bytes).slice(0, bytes)) {
      assertEquals(content[0], before.getByte(0));
      assertEquals(content[from + bytes - 1], readThrough(part));
      assertTrue(residentBytes(file) > bytes);
      NativeMemory.letGo(part);
      NativeMemory.letGo(before);
      assertEquals(0, residentBytes(file));
      assertEquals(content[from + bytes - 1], readThrough(part));
      assertEquals(content[0], before.getByte(0));
    }
  }

  private static byte readThrough(NativeBuffer buffer) {
    byte last = 0;
    for (long at = 0; at < buffer.byteSize(); at++) {
      last = buffer.getByte(at);
    }
    return last;
  }

  /** What this process has of a mapped file, by the kernel's own count. */
  private static long residentBytes(Path file) throws IOException {
    String name = file.toRealPath().toString();
    return ProcessPages.resident().stream()
        .filter(mapping -> mapping.name().equals(name))
        .mapToLong(ProcessPages.Mapping::resident)
        .sum();
  }
}
