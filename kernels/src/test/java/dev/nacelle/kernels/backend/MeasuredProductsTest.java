package dev.nacelle.kernels.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.Samples;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which of two libraries is chosen, remembered and used. */
class MeasuredProductsTest {
  private long now;

  /** Takes a given time for everything, by this test's clock, and counts. */
  private final class Timed implements Products {
    private final long nanos;
    int calls;

    Timed(long nanos) {
      this.nanos = nanos;
    }

    @Override
    public void multiply(
        Operand c, Operand a, boolean ta, Operand b, boolean tb, float alpha, float beta) {
      calls++;
      now += nanos;
    }

    @Override
    public String library(long m, long n, long k, boolean ta, boolean tb) {
      return "timed";
    }
  }

  private static Products absent() {
    throw new NativeException("there is no such library");
  }

  @Test
  void aClearlyFasterLibraryIsChosenOnceAndRemembered(@TempDir Path cache) {
    Timed slow = new Timed(3_000_000);
    Timed fast = new Timed(0);
    MeasuredProducts products =
        new MeasuredProducts(slow, () -> fast, new ChoiceFile(cache, "avx2", 2), () -> now);
    assertEquals("openblas", products.library(100, 200, 300, false, true));
    assertEquals(5, slow.calls);
    assertEquals("openblas", products.library(127, 255, 511, false, true));
    assertEquals(5, slow.calls, "the class was measured twice");
    assertEquals("nacelle", products.library(1000, 16, 576, false, true), "thin shapes are ours");

    MeasuredProducts again =
        new MeasuredProducts(slow, () -> fast, new ChoiceFile(cache, "avx2", 2), () -> now);
    assertEquals("openblas", again.library(100, 200, 300, false, true));
    assertEquals(5, slow.calls, "the file was not read");
    MeasuredProducts elsewhere =
        new MeasuredProducts(slow, () -> fast, new ChoiceFile(cache, "avx2", 1), () -> now);
    assertEquals("openblas", elsewhere.library(100, 200, 300, false, true));
    assertEquals(10, slow.calls, "another number of threads is another machine");
  }

  @Test
  void oursStaysUnlessTheOtherIsMuchFaster(@TempDir Path cache) {
    Timed ours = new Timed(3_000_000);
    Timed other = new Timed(2_900_000);
    MeasuredProducts products =
        new MeasuredProducts(ours, () -> other, new ChoiceFile(cache, "avx2", 2), () -> now);
    assertEquals("nacelle", products.library(64, 64, 64, false, false));
    int before = other.calls;
    try (Samples samples = new Samples(1)) {
      Operand x = samples.normal(DType.FP32, 0, 64, 64);
      products.multiply(x, x, false, x, false, 1, 0);
    }
    assertEquals(before, other.calls);
    assertTrue(ours.calls > before);
  }

  /** Two engines that began together, or two processes, must not go on with different bits. */
  @Test
  void whatAnotherSettledMeanwhileHolds(@TempDir Path cache) {
    ChoiceFile first = new ChoiceFile(cache, "avx2", 2);
    ChoiceFile second = new ChoiceFile(cache, "avx2", 2);
    assertEquals("nacelle", first.settle("NN 64 64 64", "nacelle"));
    assertEquals("openblas", second.settle("NT 64 64 64", "openblas"));
    assertEquals("nacelle", second.settle("NN 64 64 64", "openblas"));
    ChoiceFile later = new ChoiceFile(cache, "avx2", 2);
    assertEquals("nacelle", later.get("NN 64 64 64"));
    assertEquals("openblas", later.get("NT 64 64 64"));
  }

  @Test
  void withoutTheOtherLibraryOursMultiplies(@TempDir Path cache) {
    Timed ours = new Timed(0);
    MeasuredProducts products =
        new MeasuredProducts(ours, MeasuredProductsTest::absent, new ChoiceFile(cache, "neon", 2));
    assertEquals("nacelle", products.library(64, 64, 64, true, false));
    assertEquals(0, ours.calls);
  }
}
