package dev.nacelle.kernels.backend;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.ProductChecks;
import dev.nacelle.kernels.Products;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeException;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Large fp32 products run on whichever library was faster here when their class of shapes was first
 * met; ours stays unless the other is more than a tenth faster, so that noise does not decide.
 * Everything else is ours: narrow operands, and thin shapes, where packing as others do it loses.
 */
final class MeasuredProducts implements Products {
  static final String OURS = "nacelle";
  static final String OTHER = "openblas";

  private static final long THIN = 32;

  /** A measurement uses at most this of each dimension: 12 MiB, and a few milliseconds. */
  private static final long MEASURED = 1024;

  private static final int ROUNDS = 5;
  private static final double MARGIN = 1.1;

  private final Products ours;
  private final Supplier<Products> opener;
  private final ChoiceFile choices;
  private final LongSupplier clock;
  private @Nullable Products other;
  private boolean absent;

  /**
   * @param opener opens the other library; throws a {@link NativeException} where there is none
   */
  MeasuredProducts(Products ours, Supplier<Products> opener, ChoiceFile choices) {
    this(ours, opener, choices, System::nanoTime);
  }

  /** With a clock of nanoseconds of one's own. */
  MeasuredProducts(
      Products ours, Supplier<Products> opener, ChoiceFile choices, LongSupplier clock) {
    this.ours = ours;
    this.opener = opener;
    this.choices = choices;
    this.clock = clock;
  }

  @Override
  public void multiply(
      Operand c,
      Operand a,
      boolean transposeA,
      Operand b,
      boolean transposeB,
      float alpha,
      float beta) {
    ProductChecks sizes = ProductChecks.of(c, a, transposeA, b, transposeB);
    boolean fp32 = c.dtype() == DType.FP32 && a.dtype() == DType.FP32 && b.dtype() == DType.FP32;
    Products faster = fp32 ? faster(sizes.m(), sizes.n(), sizes.k(), transposeA, transposeB) : null;
    Products chosen = faster == null ? ours : faster;
    chosen.multiply(c, a, transposeA, b, transposeB, alpha, beta);
  }

  @Override
  public String library(long m, long n, long k, boolean transposeA, boolean transposeB) {
    return faster(m, n, k, transposeA, transposeB) == null ? OURS : OTHER;
  }

  @Override
  public Map<String, String> choices() {
    return choices.all();
  }

  @Override
  public void adopt(Map<String, String> known) {
    choices.adopt(known);
  }

  /** The other library where this class of shapes is its, else null. */
  private @Nullable Products faster(
      long m, long n, long k, boolean transposeA, boolean transposeB) {
    if (absent || Math.min(m, Math.min(n, k)) < THIN) {
      return null;
    }
    String turned = (transposeA ? "T" : "N") + (transposeB ? "T" : "N");
    String shapes = turned + " " + size(m) + " " + size(n) + " " + size(k);
    String known = choices.get(shapes);
    if (known.equals(OURS)) {
      return null;
    }
    Products candidate = open();
    if (candidate == null || known.equals(OTHER)) {
      return candidate;
    }
    boolean wins = wins(candidate, size(m), size(n), size(k), transposeA, transposeB);
    return choices.settle(shapes, wins ? OTHER : OURS).equals(OTHER) ? candidate : null;
  }

  /** Classes are powers of two, so that every step's number of tokens does not open a new one. */
  private static long size(long n) {
    return Math.min(MEASURED, Long.highestOneBit(n));
  }

  private @Nullable Products open() {
    Products opened = other;
    if (opened == null) {
      try {
        opened = opener.get();
        other = opened;
      } catch (NativeException e) {
        absent = true;
      }
    }
    return opened;
  }

  /**
   * The best of a few interleaved rounds of each, and nearly all rounds won: what disturbs one
   * disturbs the other.
   */
  private boolean wins(
      Products candidate, long m, long n, long k, boolean transposeA, boolean transposeB) {
    try (NativeBuffer memory = NativeBuffer.allocate(4 * (m * k + k * n + m * n))) {
      memory.zero();
      Operand a = operand(memory, 0, transposeA ? k : m, transposeA ? m : k);
      Operand b = operand(memory, m * k, transposeB ? n : k, transposeB ? k : n);
      Operand c = operand(memory, m * k + k * n, m, n);
      long mine = Long.MAX_VALUE;
      long theirs = Long.MAX_VALUE;
      int won = 0;
      for (int round = 0; round < ROUNDS; round++) {
        long first = nanos(ours, c, a, transposeA, b, transposeB);
        long second = nanos(candidate, c, a, transposeA, b, transposeB);
        won += second < first ? 1 : 0;
        mine = Math.min(mine, first);
        theirs = Math.min(theirs, second);
      }
      return won >= ROUNDS - 1 && theirs * MARGIN < mine;
    }
  }

  private static Operand operand(NativeBuffer memory, long from, long rows, long columns) {
    return Operand.view(
        memory, 4 * from, DType.FP32, new long[] {rows, columns}, new long[] {columns, 1});
  }

  private long nanos(
      Products products, Operand c, Operand a, boolean transposeA, Operand b, boolean transposeB) {
    long start = clock.getAsLong();
    products.multiply(c, a, transposeA, b, transposeB, 1, 0);
    return clock.getAsLong() - start;
  }
}
