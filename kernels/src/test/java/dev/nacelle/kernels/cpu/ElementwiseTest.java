package dev.nacelle.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.reference.ReferenceElementwise;
import dev.nacelle.nativeaccess.DType;
import org.junit.jupiter.api.Test;

/** The C elementwise functions against the Java reference, at every level that runs here. */
class ElementwiseTest {
  private static final long SEED = 41;
  private static final long[] SIZES = {0, 1, 7, 256, 257, 40_003};

  private final Elementwise reference = new ReferenceElementwise();
  private int cases;

  private interface Body {
    void run(Elementwise kernels, Samples samples, DType y, DType x, double tolerance);
  }

  private void overTypesAndLevels(Body body) {
    for (KernelLibrary library : Levels.here()) {
      Elementwise kernels = new CpuElementwise(library);
      for (DType y : Samples.COMPUTE) {
        for (DType x : Samples.COMPUTE) {
          double tolerance = y == DType.FP32 ? 1e-6 : y == DType.FP16 ? 4e-3 : 3e-2;
          try (Samples samples = new Samples(SEED)) {
            body.run(kernels, samples, y, x, tolerance);
          }
        }
      }
    }
  }

  private void same(Operand expected, Operand actual, double tolerance) {
    assertEquals(0, Samples.maxDifference(expected, actual), tolerance, "seed " + SEED);
    cases++;
  }

  @Test
  void convertsAnyStrides() {
    overTypesAndLevels(
        (kernels, samples, y, x, tolerance) -> {
          for (long n : SIZES) {
            Operand from = samples.normalStrided(x, 1, 3, 2, n);
            Operand expected = samples.strided(y, 3, 5, 2, n);
            Operand actual = samples.copy(expected);
            reference.convert(expected, from);
            kernels.convert(actual, from);
            same(expected, actual, 0);
          }
          Operand wide = samples.normal(x, 0, 3, 4, 5, 6);
          Operand turned =
              Operand.view(
                  wide.buffer(), 0, x, new long[] {6, 3, 5, 4}, new long[] {1, 120, 6, 30});
          Operand expected = samples.strided(y, 0, 0, 6, 3, 5, 4);
          Operand actual = samples.copy(expected);
          reference.convert(expected, turned);
          kernels.convert(actual, turned);
          same(expected, actual, 0);
        });
    assertEquals(9 * 7 * Levels.here().size(), cases);
  }

  @Test
  void addsScalesAndBiases() {
    overTypesAndLevels(
        (kernels, samples, y, x, tolerance) -> {
          for (long n : SIZES) {
            Operand expected = samples.normal(y, 1, n);
            Operand actual = samples.copy(expected);
            Operand other = samples.normal(x, 0, n);
            reference.add(expected, other, -0.7f);
            kernels.add(actual, other, -0.7f);
            same(expected, actual, tolerance);
            reference.scale(expected, 1.3f);
            kernels.scale(actual, 1.3f);
            same(expected, actual, 2 * tolerance);
            Operand rows = samples.normalStrided(y, 1, 3, 3, n);
            Operand moved = samples.copy(rows);
            Operand bias = samples.normal(x, 1, n);
            reference.addBias(rows, bias);
            kernels.addBias(moved, bias);
            same(rows, moved, tolerance);
          }
        });
    assertEquals(9 * 18 * Levels.here().size(), cases);
  }

  @Test
  void gathersRowsAndNamesABadId() {
    overTypesAndLevels(
        (kernels, samples, y, x, tolerance) -> {
          Operand table = samples.normalStrided(x, 1, 2, 11, 300);
          for (DType type : new DType[] {DType.I32, DType.I64}) {
            Operand ids = samples.ids(type, 3, 0, 10, 10, 7);
            Operand expected = samples.strided(y, 0, 1, 5, 300);
            Operand actual = samples.copy(expected);
            reference.gatherRows(expected, table, ids);
            kernels.gatherRows(actual, table, ids);
            same(expected, actual, 0);
            Operand bad = samples.ids(type, 3, 0, 11, 10, -7);
            for (Elementwise each : new Elementwise[] {reference, kernels}) {
              IllegalArgumentException e =
                  assertThrows(
                      IllegalArgumentException.class, () -> each.gatherRows(actual, table, bad));
              assertEquals("ids[2] is 11, the table has rows 0 to 10", e.getMessage());
            }
          }
        });
    assertEquals(9 * 2 * Levels.here().size(), cases);
  }

  @Test
  void dropsTheSameElementsEverywhere() {
    overTypesAndLevels(
        (kernels, samples, y, x, tolerance) -> {
          for (long offset : new long[] {0, 12_345, (1L << 32) - 100}) {
            Operand from = samples.normal(x, 0, 40_003);
            Operand expected = samples.normal(y, 1, 40_003);
            Operand actual = samples.copy(expected);
            for (boolean accumulate : new boolean[] {true, false}) {
              reference.dropout(expected, from, 0.1f, 99, offset, accumulate);
              kernels.dropout(actual, from, 0.1f, 99, offset, accumulate);
              same(expected, actual, accumulate ? tolerance : 0);
            }
            long zeros = Samples.values(actual).stream().filter(v -> v == 0).count();
            assertTrue(Math.abs(zeros - 4000) < 300, "dropped " + zeros + " of 40003");
          }
        });
    assertEquals(9 * 6 * Levels.here().size(), cases);
  }
}
