package dev.nacelle.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.nativeaccess.NativeMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The arena against a simple model: a list of blocks that may not touch each other. */
final class ArenaTest {
  private static final long SEED = 20261123;
  private static final long REGION = 1 << 16;
  private static final int ROUNDS = 20_000;

  /** A block and the number that all its bytes should hold. */
  private record Held(Arena.Block block, byte mark, int bytes) {
    long begin() {
      return block.buffer().address();
    }

    long end() {
      return begin() + block.bytes();
    }
  }

  @Test
  void randomBlocksKeepApart() {
    long buffers = NativeMemory.liveBuffers();
    SplittableRandom random = new SplittableRandom(SEED);
    List<Held> held = new ArrayList<>();
    int allocated = 0;
    int most = 0;
    try (Arena arena = new Arena(REGION)) {
      for (int round = 0; round < ROUNDS; round++) {
        if (held.isEmpty() || (held.size() < 60 && random.nextInt(100) < 52)) {
          int bytes = random.nextInt(10) == 0 ? random.nextInt(90_000) : random.nextInt(3000);
          Held next = new Held(arena.allocate(bytes), (byte) random.nextInt(), bytes);
          apart(held, next);
          fill(next);
          held.add(next);
          allocated++;
        } else {
          Held gone = held.remove(random.nextInt(held.size()));
          unharmed(gone);
          arena.free(gone.block);
        }
        most = Math.max(most, held.size());
      }
      held.forEach(ArenaTest::unharmed);
    }
    System.out.println("arena: " + allocated + " blocks, " + most + " at once, seed " + SEED);
    assertTrue(allocated > ROUNDS / 3 && most > 20);
    assertEquals(buffers, NativeMemory.liveBuffers());
  }

  private static void apart(List<Held> held, Held next) {
    assertEquals(0, next.begin() % NativeMemory.ALIGNMENT, "alignment");
    assertTrue(next.block.buffer().byteSize() >= next.bytes, "size");
    for (Held other : held) {
      assertTrue(next.end() <= other.begin() || other.end() <= next.begin(), "two blocks overlap");
    }
  }

  private static void fill(Held h) {
    byte[] marks = new byte[h.bytes];
    Arrays.fill(marks, h.mark);
    h.block.buffer().write(0, marks, 0, marks.length);
  }

  private static void unharmed(Held h) {
    byte[] want = new byte[h.bytes];
    Arrays.fill(want, h.mark);
    byte[] found = new byte[h.bytes];
    h.block.buffer().read(0, found, 0, found.length);
    assertEquals(-1, Arrays.mismatch(found, want), "first byte that somebody else wrote");
  }

  /** However blocks were cut and freed, the whole region is one hole again at the end. */
  @Test
  void holesGrowTogether() {
    long buffers = NativeMemory.liveBuffers();
    SplittableRandom random = new SplittableRandom(SEED);
    try (Arena arena = new Arena(REGION)) {
      long first = arena.allocate(1).buffer().address();
      assertEquals(buffers + 1, NativeMemory.liveBuffers(), "one region");
      List<Arena.Block> blocks = new ArrayList<>();
      for (int round = 0; round < 50; round++) {
        for (long left = REGION - NativeMemory.ALIGNMENT; left > 0; ) {
          long bytes = Math.min(left, NativeMemory.ALIGNMENT * random.nextInt(1, 40));
          blocks.add(arena.allocate(bytes));
          left -= bytes;
        }
        while (!blocks.isEmpty()) {
          arena.free(blocks.remove(random.nextInt(blocks.size())));
        }
        Arena.Block whole = arena.allocate(REGION - NativeMemory.ALIGNMENT);
        assertEquals(first + NativeMemory.ALIGNMENT, whole.buffer().address(), "round " + round);
        arena.free(whole);
      }
      assertEquals(buffers + 1, NativeMemory.liveBuffers(), "no second region was needed");
    }
  }

  @Test
  void theTightestHoleIsTaken() {
    try (Arena arena = new Arena(REGION)) {
      Arena.Block large = arena.allocate(640);
      Arena.Block wall = arena.allocate(64);
      Arena.Block small = arena.allocate(128);
      arena.allocate(64);
      arena.free(large);
      arena.free(small);
      assertEquals(small.buffer().address(), arena.allocate(100).buffer().address());
      assertEquals(large.buffer().address(), arena.allocate(640).buffer().address());
      assertNotEquals(wall.buffer().address(), arena.allocate(0).buffer().address());
    }
  }

  @Test
  void aBlockBeyondTheRegionGetsOneOfItsOwn() {
    long buffers = NativeMemory.liveBuffers();
    try (Arena arena = new Arena(REGION)) {
      Arena.Block block = arena.allocate(3 * REGION);
      assertEquals(3 * REGION, block.buffer().byteSize());
      block.buffer().setByte(3 * REGION - 1, (byte) 1);
      arena.free(block);
    }
    assertEquals(buffers, NativeMemory.liveBuffers());
  }

  @Test
  void blocksDieWithTheArena() {
    Arena arena = new Arena(REGION);
    Arena.Block block = arena.allocate(64);
    arena.close();
    assertTrue(block.buffer().isClosed());
    assertThrows(IllegalStateException.class, () -> block.buffer().getByte(0));
    assertFalse(NativeMemory.liveBuffers() < 0);
  }
}
