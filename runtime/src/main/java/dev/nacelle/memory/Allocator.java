package dev.nacelle.memory;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.tensor.Storage;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;

/** Where tensors come from: every byte is booked in the ledger before it is handed out. */
public final class Allocator implements AutoCloseable {
  private static final long REGION_BYTES = 1L << 36;

  private final Ledger ledger = new Ledger();
  private final Arena arena = new Arena(REGION_BYTES);
  private final AllocationFault fault;
  private final boolean rehearsal;
  private long borrowed;

  public Allocator() {
    this(AllocationFault.NONE);
  }

  /**
   * @param fault decides which allocation fails, for tests from outside
   */
  public Allocator(AllocationFault fault) {
    this(fault, false);
  }

  private Allocator(AllocationFault fault, boolean rehearsal) {
    this.fault = fault;
    this.rehearsal = rehearsal;
  }

  /**
   * An allocator for a walk without kernels: tensors have addresses and are booked, and nobody
   * writes into them, so that they become no memory.
   */
  public static Allocator rehearsing() {
    return new Allocator(AllocationFault.NONE, true);
  }

  /** Whether tensors are never written. */
  public boolean isRehearsal() {
    return rehearsal;
  }

  /** Bytes of pages that tensors of this allocator ever lay on: what it keeps resident. */
  public long touchedBytes() {
    return arena.touchedBytes();
  }

  /**
   * Bounds {@link #touchedBytes}: an allocation that would pass it is refused, and whoever asked
   * may give something back and ask again.
   */
  public void limit(long bytes) {
    arena.limit(bytes);
  }

  /**
   * Gives the system back what lies behind the last tensor: after a way of working that took more.
   */
  public void trim() {
    if (!rehearsal) {
      arena.trim();
    }
  }

  /** Bytes of others' memory, mapped files say, that tensors lie over now. */
  public long borrowedBytes() {
    return borrowed;
  }

  public Ledger ledger() {
    return ledger;
  }

  /**
   * A new tensor with one reference; its elements are whatever the memory held.
   *
   * @throws NacelleException of kind BUDGET when there is no memory for it
   */
  public Tensor allocate(LedgerClass kind, DType dtype, long... shape) {
    long bytes = dtype.bytes();
    for (long s : shape) {
      bytes = Math.multiplyExact(bytes, s);
    }
    Arena.Block block;
    try {
      if (fault.next()) {
        throw new NativeException("NACELLE_FAULT made this allocation fail");
      }
      block = arena.allocate(bytes);
    } catch (NativeException e) {
      throw new NacelleException(
          NacelleException.Kind.BUDGET,
          "no memory for "
              + kind.label()
              + " "
              + dtype.label()
              + Arrays.toString(shape)
              + ": "
              + bytes
              + " bytes asked, "
              + ledger.live()
              + " held ("
              + e.getMessage()
              + ")",
          "use a smaller --batch-size or --max-length, or a larger --budget",
          e);
    }
    ledger.book(kind, bytes);
    long booked = bytes;
    return new Tensor(
        new Storage(
            block.buffer(),
            () -> {
              ledger.unbook(kind, booked);
              arena.free(block);
            }),
        dtype,
        shape);
  }

  /** A new fp32 tensor holding the given elements. */
  public Tensor of(LedgerClass kind, float[] values, long... shape) {
    Tensor t = allocate(kind, DType.FP32, shape);
    return rehearsal ? t : t.fill(values);
  }

  /** A new I32 tensor (N) holding the given elements. */
  public Tensor of(LedgerClass kind, int... values) {
    Tensor t = allocate(kind, DType.I32, values.length);
    if (!rehearsal) {
      t.storage().buffer().write(0, values, 0, values.length);
    }
    return t;
  }

  /** A new tensor of zero bytes. */
  public Tensor zeros(LedgerClass kind, DType dtype, long... shape) {
    Tensor t = allocate(kind, dtype, shape);
    if (!rehearsal) {
      t.storage().buffer().zero();
    }
    return t;
  }

  /** A tensor over memory that somebody else owns, a mapped file say, booked all the same. */
  public Tensor borrow(LedgerClass kind, NativeBuffer buffer, DType dtype, long... shape) {
    long bytes = buffer.byteSize();
    Tensor t =
        new Tensor(
            new Storage(
                buffer,
                () -> {
                  ledger.unbook(kind, bytes);
                  borrowed -= bytes;
                }),
            dtype,
            shape);
    ledger.book(kind, bytes);
    borrowed += bytes;
    return t;
  }

  /** Gives all memory back; tensors still alive must not be used again. */
  @Override
  public void close() {
    arena.close();
  }
}
