package dev.nacelle.kernels.reference;

import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.ElementwiseChecks;
import dev.nacelle.kernels.Operand;

/** Element by element, in the order of the indices. */
public final class ReferenceElementwise implements Elementwise {
  @Override
  public void convert(Operand y, Operand x) {
    ElementwiseChecks.convert(y, x);
    if (y.elements() > 0) {
      convert(Cells.of(y), 0, y, Cells.of(x), 0, x, 0);
    }
  }

  private static void convert(Cells to, long t, Operand y, Cells from, long f, Operand x, int d) {
    if (d == y.rank()) {
      to.set(t, from.get(f));
      return;
    }
    for (long i = 0; i < y.size(d); i++) {
      convert(to, t + i * y.stride(d), y, from, f + i * x.stride(d), x, d + 1);
    }
  }

  @Override
  public void add(Operand y, Operand x, float factor) {
    ElementwiseChecks.add(y, x);
    Cells to = Cells.of(y);
    Cells from = Cells.of(x);
    for (long i = 0; i < y.elements(); i++) {
      to.set(i, to.get(i) + factor * from.get(i));
    }
  }

  @Override
  public void scale(Operand y, float factor) {
    ElementwiseChecks.scale(y);
    Cells cells = Cells.of(y);
    for (long i = 0; i < y.elements(); i++) {
      cells.set(i, cells.get(i) * factor);
    }
  }

  @Override
  public void addBias(Operand y, Operand bias) {
    ElementwiseChecks.addBias(y, bias);
    Cells to = Cells.of(y);
    Cells from = Cells.of(bias);
    for (long i = 0; i < y.size(0); i++) {
      for (long j = 0; j < y.size(1); j++) {
        long at = i * y.stride(0) + j;
        to.set(at, to.get(at) + from.get(j));
      }
    }
  }

  @Override
  public void gatherRows(Operand y, Operand table, Operand ids) {
    ElementwiseChecks.gatherRows(y, table, ids);
    Cells to = Cells.of(y);
    Cells from = Cells.of(table);
    Cells rows = Cells.of(ids);
    for (long i = 0; i < ids.size(0); i++) {
      long id = rows.getLong(i);
      if (id < 0 || id >= table.size(0)) {
        throw ElementwiseChecks.badId(i, id, table);
      }
    }
    for (long i = 0; i < ids.size(0); i++) {
      for (long j = 0; j < y.size(1); j++) {
        to.set(i * y.stride(0) + j, from.get(rows.getLong(i) * table.stride(0) + j));
      }
    }
  }

  @Override
  public void dropout(Operand y, Operand x, float p, long seed, long offset, boolean accumulate) {
    ElementwiseChecks.dropout(y, x, p);
    Cells to = Cells.of(y);
    Cells from = Cells.of(x);
    long bound = (long) (p * 4294967296.0);
    float keep = 1.0f / (1.0f - p);
    for (long i = 0; i < y.elements(); i++) {
      boolean kept = (draw(seed, offset + i) & 0xffffffffL) >= bound;
      double value = kept ? (float) from.get(i) * keep : 0;
      to.set(i, accumulate ? to.get(i) + value : value);
    }
  }

  /** The 32 random bits of element {@code c}; elementwise.c says how they come about. */
  public static int draw(long seed, long c) {
    long key = mix64(seed ^ mix64(c >>> 32));
    return mix32(mix32((int) c ^ (int) key) + (int) (key >>> 32));
  }

  /** The 16 random bits, signed, of element {@code c} where two elements share a hash. */
  public static short drawOfPair(long seed, long c) {
    long key = mix64(seed ^ mix64(c >>> 33));
    int h = (int) (c >>> 1) ^ (int) key;
    h ^= h >>> 16;
    h *= 0x85ebca6b;
    h ^= h >>> 13;
    h += (int) (key >>> 32);
    h *= 0xc2b2ae35;
    h ^= h >>> 16;
    return (short) (h >>> ((c & 1) * 16));
  }

  private static int mix32(int value) {
    int h = value;
    h ^= h >>> 16;
    h *= 0x85ebca6b;
    h ^= h >>> 13;
    h *= 0xc2b2ae35;
    return h ^ (h >>> 16);
  }

  private static long mix64(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
