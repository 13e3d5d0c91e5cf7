package dev.nacelle.nativeaccess.blas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** OpenBLAS's products against three nested loops in double precision. */
class BlasTest {
  private final Blas blas = Blas.load();

  @Test
  void productsOfEveryTransposeAndAwkwardShape() {
    long seed = 4711;
    Random random = new Random(seed);
    int cases = 0;
    int[][] shapes = {{1, 1, 1}, {3, 5, 7}, {17, 1, 33}, {64, 48, 130}, {2, 3, 0}};
    for (int[] s : shapes) {
      for (boolean ta : new boolean[] {false, true}) {
        for (boolean tb : new boolean[] {false, true}) {
          for (float beta : new float[] {0, 1, -0.5f}) {
            check(random, s[0], s[1], s[2], ta, tb, 1.5f, beta, "seed " + seed);
            cases++;
          }
        }
      }
    }
    assertEquals(60, cases);
  }

  private void check(
      Random random,
      int m,
      int n,
      int k,
      boolean ta,
      boolean tb,
      float alpha,
      float beta,
      String note) {
    int lda = (ta ? m : k) + 2;
    int ldb = (tb ? k : n) + 1;
    int ldc = n + 3;
    float[] a = new float[(ta ? k : m) * lda + 1];
    float[] b = new float[(tb ? n : k) * ldb + 1];
    float[] c = new float[m * ldc];
    fill(random, a);
    fill(random, b);
    fill(random, c);
    if (beta == 0) {
      c[0] = Float.NaN;
    }
    float[] result = new float[c.length];
    try (NativeBuffer na = of(a);
        NativeBuffer nb = of(b);
        NativeBuffer nc = of(c)) {
      blas.sgemm(ta, tb, m, n, k, alpha, na, lda, nb, ldb, beta, nc, ldc);
      nc.read(0, result, 0, result.length);
    }
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < ldc; j++) {
        double expected = c[i * ldc + j];
        if (j < n) {
          double sum = 0;
          for (int l = 0; l < k; l++) {
            double left = ta ? a[l * lda + i] : a[i * lda + l];
            double right = tb ? b[j * ldb + l] : b[l * ldb + j];
            sum += left * right;
          }
          expected = alpha * sum + (beta == 0 ? 0 : beta * c[i * ldc + j]);
        }
        assertEquals(expected, result[i * ldc + j], 1e-4, note + " at " + i + ", " + j);
      }
    }
  }

  private static void fill(Random random, float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
  }

  private static NativeBuffer of(float[] values) {
    NativeBuffer buffer = NativeBuffer.allocate(4L * values.length);
    buffer.write(0, values, 0, values.length);
    return buffer;
  }

  @Test
  void aMatrixLongerThanItsBufferIsRefused() {
    try (NativeBuffer small = NativeBuffer.allocate(4 * 5)) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> blas.sgemm(false, false, 2, 2, 2, 1, small, 2, small, 3, 0, small, 4));
      assertEquals(
          "sgemm's c of 2×2 with row stride 4 needs 24 bytes, its buffer has 20", e.getMessage());
      assertThrows(
          IllegalArgumentException.class,
          () -> blas.sgemm(false, false, 2, 2, 2, 1, small, 1, small, 2, 0, small, 2));
      assertThrows(
          IllegalArgumentException.class,
          () -> blas.sgemm(false, false, -1, 2, 2, 1, small, 2, small, 2, 0, small, 2));
    }
  }

  @Test
  void itSaysWhatItIs() {
    assertTrue(blas.config().startsWith("OpenBLAS "), blas.config());
    assertTrue(!blas.coreName().isEmpty());
    assertTrue(blas.path().contains("openblas"), blas.path());
  }

  @Test
  void productsOfOtherNumbersOfThreadsWait() throws InterruptedException {
    Blas blas = Blas.load();
    int before = blas.threads();
    AtomicInteger right = new AtomicInteger();
    List<Thread> callers = new ArrayList<>();
    for (int caller = 0; caller < 4; caller++) {
      int count = 1 + caller % 2;
      callers.add(
          new Thread(
              () -> {
                for (int i = 0; i < 200; i++) {
                  blas.withThreads(
                      count,
                      () -> {
                        Thread.onSpinWait();
                        if (blas.threads() == count) {
                          right.incrementAndGet();
                        }
                      });
                }
              }));
    }
    callers.forEach(Thread::start);
    for (Thread caller : callers) {
      caller.join();
    }
    assertEquals(4 * 200, right.get());
    blas.withThreads(before, () -> {});
    assertEquals(before, blas.threads());
  }
}
