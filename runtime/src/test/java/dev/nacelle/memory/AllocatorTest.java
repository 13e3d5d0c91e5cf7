package dev.nacelle.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Life and death of tensors, and the ledger that counts them. */
final class AllocatorTest {
  private static final long SEED = 20261123;

  @Test
  void useAndReleaseAfterReleaseAreErrors() {
    try (Allocator allocator = new Allocator()) {
      Tensor t = allocator.of(LedgerClass.ACTIVATIONS, new float[] {1, 2, 3, 4}, 2, 2);
      t.release();
      assertTrue(t.storage().isReleased());
      assertSays("used after release", t::toFloats);
      assertSays("used after release", t::operand);
      assertSays("released more often", t::release);
      assertSays("cannot be retained", t::alias);
      assertEquals(0, allocator.ledger().live());
      assertEquals(0, allocator.ledger().liveTensors());
    }
  }

  private static void assertSays(String words, Runnable misuse) {
    IllegalStateException e = assertThrows(IllegalStateException.class, misuse::run);
    assertTrue(String.valueOf(e.getMessage()).contains(words), e.getMessage());
  }

  @Test
  void theLastAliasGivesTheMemoryBack() {
    try (Allocator allocator = new Allocator()) {
      Tensor t = allocator.of(LedgerClass.ACTIVATIONS, new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
      Tensor other = t.reshape(3, 2);
      assertTrue(t.storage().isShared());
      t.release();
      assertFalse(other.storage().isShared());
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, other.toFloats());
      assertEquals(24, allocator.ledger().live(LedgerClass.ACTIVATIONS));
      assertThrows(IllegalArgumentException.class, () -> other.reshape(5));
      assertThrows(IllegalArgumentException.class, () -> other.reshape(2, 2));
      assertFalse(other.storage().isShared(), "a refused shape keeps no reference");
      other.release();
      assertEquals(0, allocator.ledger().live());
    }
  }

  @Test
  void tensorsAreUnusableOnceTheAllocatorIsClosed() {
    Allocator allocator = new Allocator();
    Tensor t = allocator.allocate(LedgerClass.WORKSPACE, DType.FP32, 4);
    allocator.close();
    assertThrows(IllegalStateException.class, t::toFloats);
  }

  @Test
  void borrowedMemoryIsBookedAndStaysItsOwners() {
    try (Allocator allocator = new Allocator();
        NativeBuffer buffer = NativeBuffer.allocate(40)) {
      Tensor t = allocator.borrow(LedgerClass.PARAMETERS, buffer, DType.BF16, 4, 5);
      assertEquals(40, allocator.ledger().live(LedgerClass.PARAMETERS));
      t.release();
      assertEquals(0, allocator.ledger().live());
      assertFalse(buffer.isClosed());
      assertThrows(
          IllegalArgumentException.class,
          () -> allocator.borrow(LedgerClass.PARAMETERS, buffer, DType.FP32, 4, 5));
      assertEquals(0, allocator.ledger().live(), "what was refused is not booked");
    }
  }

  @Test
  void aFaultIsAnErrorOfTheBudget() {
    boolean[] fail = {false};
    try (Allocator allocator = new Allocator(() -> fail[0])) {
      Tensor t = allocator.zeros(LedgerClass.OPTIMIZER, DType.FP32, 10);
      fail[0] = true;
      NacelleException e =
          assertThrows(
              NacelleException.class,
              () -> allocator.allocate(LedgerClass.ACTIVATIONS, DType.BF16, 3, 7));
      assertSame(NacelleException.Kind.BUDGET, e.kind());
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("activations bf16[3, 7]: 42 bytes asked, 40 held"), message);
      assertEquals(40, allocator.ledger().live());
      t.release();
    }
  }

  /** The ledger against sums made by hand, over thousands of random lives. */
  @Test
  void theLedgerCountsEveryByte() {
    long buffers = NativeMemory.liveBuffers();
    SplittableRandom random = new SplittableRandom(SEED);
    LedgerClass[] kinds = LedgerClass.values();
    try (Allocator allocator = new Allocator()) {
      Ledger ledger = allocator.ledger();
      List<Tensor> tensors = new ArrayList<>();
      List<LedgerClass> of = new ArrayList<>();
      Map<LedgerClass, Long> live = new EnumMap<>(LedgerClass.class);
      Map<LedgerClass, Long> atPeak = new EnumMap<>(LedgerClass.class);
      for (LedgerClass kind : kinds) {
        live.put(kind, 0L);
        atPeak.put(kind, 0L);
      }
      long total = 0;
      long peak = 0;
      for (int round = 0; round < 5000; round++) {
        if (round % 1000 == 999) {
          ledger.resetPeak();
          peak = total;
          atPeak.putAll(live);
        }
        boolean make = tensors.isEmpty() || random.nextInt(100) < 52;
        int at = make ? 0 : random.nextInt(tensors.size());
        LedgerClass kind = make ? kinds[random.nextInt(kinds.length)] : of.remove(at);
        Tensor t =
            make
                ? allocator.allocate(kind, DType.BF16, random.nextInt(20), random.nextInt(1, 300))
                : tensors.remove(at);
        long change = make ? t.byteSize() : -t.byteSize();
        if (make) {
          tensors.add(t);
          of.add(kind);
        } else {
          t.release();
        }
        total += change;
        live.merge(kind, change, Long::sum);
        if (total > peak) {
          peak = total;
          atPeak.putAll(live);
        }
        assertEquals(total, ledger.live());
        assertEquals(live.get(kind), ledger.live(kind));
        assertEquals(peak, ledger.peak(), "round " + round);
        assertEquals(atPeak, ledger.classesAtPeak(), "round " + round);
        assertEquals(tensors.size(), ledger.liveTensors());
      }
      System.out.println("ledger: 5000 rounds, " + tensors.size() + " held, seed " + SEED);
      tensors.forEach(Tensor::release);
      assertEquals(0, ledger.live());
      assertEquals(0, ledger.liveTensors());
    }
    assertEquals(buffers, NativeMemory.liveBuffers());
  }

  @Test
  void scopesGiveBackWhatTheyOwn() {
    try (Allocator allocator = new Allocator()) {
      Tensor kept = allocator.allocate(LedgerClass.ACTIVATIONS, DType.FP32, 2);
      Tensor gone = allocator.allocate(LedgerClass.ACTIVATIONS, DType.FP32, 3);
      Scope scope = new Scope();
      assertSame(kept, scope.own(kept));
      scope.own(gone);
      assertTrue(scope.owns(kept));
      assertSame(kept, scope.disown(kept));
      assertFalse(scope.owns(kept));
      assertSays("does not belong", () -> scope.disown(kept));
      scope.close();
      assertTrue(gone.storage().isReleased());
      assertFalse(kept.storage().isReleased());
      assertSays("closed twice", scope::close);
      assertSays("used after close", () -> scope.own(kept));
      kept.release();
      assertEquals(0, allocator.ledger().live());
    }
  }
}
