package dev.nacelle.tape;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.Ledger;

/**
 * Kernels and the memory they work in. One thread at a time; two engines in one process know
 * nothing of each other.
 */
public record Engine(KernelSet kernels, Allocator allocator) implements AutoCloseable {
  public Ledger ledger() {
    return allocator.ledger();
  }

  /** A tape that records for backward. */
  public Tape record() {
    return Tape.recording(kernels, allocator);
  }

  /** A tape that records, and keeps what is saved in a way of its own. */
  public Tape record(Keeping keeping) {
    return Tape.recording(kernels, allocator, keeping);
  }

  /** A tape that only runs forward. */
  public Tape forwardOnly() {
    return Tape.forwardOnly(kernels, allocator);
  }

  @Override
  public void close() {
    allocator.close();
    kernels.close();
  }
}
