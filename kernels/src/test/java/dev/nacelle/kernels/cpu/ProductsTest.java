package dev.nacelle.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.reference.ReferenceProducts;
import dev.nacelle.nativeaccess.DType;
import org.junit.jupiter.api.Test;

/** The C products against sums in double: every type, transposition and awkward size. */
class ProductsTest {
  private static final long SEED = 77;

  /** Rows, columns, depth: nothing, one, primes, one more and less than tiles, several blocks. */
  private static final int[][] SIZES = {
    {0, 3, 2},
    {3, 0, 2},
    {3, 2, 0},
    {1, 1, 1},
    {1, 5, 7},
    {4, 37, 19},
    {5, 16, 16},
    {13, 31, 17},
    {14, 32, 33},
    {15, 33, 384},
    {29, 65, 97},
    {2, 3, 401},
    {61, 16, 59},
    {16, 61, 53},
    {47, 53, 16}
  };

  /** More than one block in every direction. */
  private static final int[][] LARGE = {{61, 811, 301}, {131, 67, 787}, {460, 20, 400}};

  private final Products reference = new ReferenceProducts();
  private int cases;

  private record Case(DType c, DType a, DType b, boolean ta, boolean tb, Size size, int gap) {}

  private record Size(int m, int n, int k) {
    static Size of(int[] mnk) {
      return new Size(mnk[0], mnk[1], mnk[2]);
    }
  }

  private static Operand matrix(
      Samples samples, DType type, Case of, boolean turned, int r, int c) {
    int shift = of.gap() > 0 ? 1 : 0;
    return samples.normalStrided(type, shift, of.gap(), turned ? c : r, turned ? r : c);
  }

  private void check(Products products, String level, Case of, float alpha, float beta) {
    try (Samples samples = new Samples(SEED)) {
      int m = of.size().m();
      int n = of.size().n();
      int k = of.size().k();
      Operand a = matrix(samples, of.a(), of, of.ta(), m, k);
      Operand b = matrix(samples, of.b(), of, of.tb(), k, n);
      Operand expected =
          beta == 0
              ? samples.strided(of.c(), 0, of.gap(), m, n)
              : samples.normalStrided(of.c(), 0, of.gap(), m, n);
      Operand actual = samples.copy(expected);
      reference.multiply(expected, a, of.ta(), b, of.tb(), alpha, beta);
      products.multiply(actual, a, of.ta(), b, of.tb(), alpha, beta);
      double unit = of.c() == DType.FP32 ? 1e-6 : of.c() == DType.FP16 ? 1e-3 : 8e-3;
      double tolerance = unit * (4 + 4 * Math.sqrt(k));
      assertEquals(
          0,
          Samples.maxDifference(expected, actual),
          tolerance,
          () -> level + " " + of + " seed " + SEED);
      long at = (long) m * (n + of.gap());
      for (long i = n; of.gap() > 0 && i < at; i += n + of.gap()) {
        assertTrue(Double.isNaN(Samples.get(actual, i)), level + " wrote between the rows");
      }
      cases++;
    }
  }

  @Test
  void everyTypeAndTranspositionOverAwkwardSizes() {
    for (KernelLibrary library : Levels.here()) {
      try (CpuProducts products = new CpuProducts(library)) {
        for (DType c : Samples.COMPUTE) {
          for (DType a : Samples.COMPUTE) {
            for (DType b : Samples.COMPUTE) {
              for (int turn = 0; turn < 4; turn++) {
                for (int s = 0; s < SIZES.length; s++) {
                  Case of = new Case(c, a, b, turn % 2 == 1, turn >= 2, Size.of(SIZES[s]), s % 3);
                  float beta = s % 3 == 0 ? 0 : s % 3 == 1 ? 1 : -0.5f;
                  check(products, library.level().label(), of, s % 2 == 0 ? 1 : 0.7f, beta);
                }
              }
            }
          }
        }
      }
    }
    assertEquals(27 * 4 * SIZES.length * Levels.here().size(), cases);
  }

  @Test
  void severalBlocksInEveryDirection() {
    for (KernelLibrary library : Levels.here()) {
      try (CpuProducts products = new CpuProducts(library)) {
        for (DType type : Samples.COMPUTE) {
          for (int turn = 0; turn < 4; turn++) {
            for (int[] size : LARGE) {
              Case of = new Case(type, type, type, turn % 2 == 1, turn >= 2, Size.of(size), turn);
              check(products, library.level().label(), of, 1.5f, turn == 0 ? 0 : 0.25f);
            }
          }
        }
      }
    }
    assertEquals(3 * 4 * LARGE.length * Levels.here().size(), cases);
  }

  @Test
  void theSameBitsForEveryNumberOfThreads() {
    for (KernelLibrary library : Levels.here()) {
      for (DType type : Samples.COMPUTE) {
        try (Samples samples = new Samples(SEED)) {
          Operand a = samples.normal(type, 0, 131, 787);
          Operand b = samples.normal(type, 0, 211, 787);
          Operand first = samples.strided(type, 0, 0, 131, 211);
          for (int threads = 1; threads <= 5; threads++) {
            KernelLibrary other = KernelLibrary.open(threads, library.level().label()).library();
            Operand c = samples.strided(type, 0, 0, 131, 211);
            try (CpuProducts products = new CpuProducts(java.util.Objects.requireNonNull(other))) {
              products.multiply(threads == 1 ? first : c, a, false, b, true, 1, 0);
            }
            if (threads > 1) {
              assertEquals(Samples.values(first), Samples.values(c), "with " + threads);
              cases++;
            }
          }
        }
      }
    }
    assertEquals(3 * 4 * Levels.here().size(), cases);
  }

  /** As B's row is read where it lies, a stride of 0 once passed for packed. */
  @Test
  void oneRowMayStandForAll() {
    for (KernelLibrary library : Levels.here()) {
      try (CpuProducts products = new CpuProducts(library)) {
        for (int[] size : new int[][] {{7, 4, 1}, {5, 16, 9}, {12, 32, 40}, {40, 48, 300}}) {
          for (DType type : Samples.COMPUTE) {
            try (Samples samples = new Samples(SEED)) {
              Operand a = repeated(samples.normal(type, 0, 1, size[2]), size[0]);
              Operand b = repeated(samples.normal(type, 0, 1, size[1]), size[2]);
              Operand expected = samples.strided(DType.FP32, 0, 0, size[0], size[1]);
              Operand actual = samples.copy(expected);
              reference.multiply(expected, a, false, b, false, 1, 0);
              products.multiply(actual, a, false, b, false, 1, 0);
              double tolerance = 1e-6 * (4 + 4 * size[2]);
              assertEquals(0, Samples.maxDifference(expected, actual), tolerance);
              cases++;
            }
          }
        }
      }
    }
    assertEquals(12 * Levels.here().size(), cases);
  }

  private static Operand repeated(Operand row, long rows) {
    long[] shape = {rows, row.size(1)};
    return Operand.view(row.buffer(), row.byteOffset(), row.dtype(), shape, new long[] {0, 1});
  }

  @Test
  void namesTheShapesThatDoNotFit() {
    try (Samples samples = new Samples(SEED);
        CpuProducts products = new CpuProducts(Levels.here().get(0))) {
      Operand a = samples.normal(DType.FP32, 0, 3, 4);
      Operand c = samples.normal(DType.FP32, 0, 3, 5);
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> products.multiply(c, a, false, c, true, 1, 0));
      assertEquals("c [3, 5] is no product of a [3, 4] and b [3, 5] transposed", e.getMessage());
    }
  }
}
