package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.SpillFile;
import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.memory.Strategy.Spill;
import dev.nacelle.memory.Strategy.Weights;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Keeping;
import dev.nacelle.tape.QuantizedKeeping;
import dev.nacelle.tensor.Tensor;
import java.nio.file.Path;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Saved activations in fewer bits, and on storage. */
final class KeepingTest {
  private static final int ROWS = 64;
  private static final ModelConfig TWO = TrainingRig.config(128, 256, 64, 16, 2, false);
  private static final ModelConfig ONE = TrainingRig.config(128, 256, 64, 16, 1, false);

  private static Strategy bits(int bits) {
    return Strategy.FASTEST.withBits(bits, 32);
  }

  /** k/32 of what is rounded, and a scale of 32 bits for each 64 elements. */
  @ParameterizedTest
  @CsvSource({"8, 0.05", "4, 0.6", "2, 6"})
  void savedBytesGoAsTheBits(int bits, double most) {
    StrategyRun plain = StrategyRun.of(TWO, DType.FP32, Strategy.FASTEST, ROWS);
    StrategyRun coded = StrategyRun.of(TWO, DType.FP32, bits(bits), ROWS);
    long block = coded.saved() - StrategyRun.of(ONE, DType.FP32, bits(bits), ROWS).saved();
    // x, q, k, v, mixed, middle, gate, up; h of seven pairs of rank 4 stays whole or is padded.
    long elements = ROWS * (4L * 128 + 2 * 64 + 2 * 256);
    double law = elements * (bits / 8.0 + 4.0 / 64);
    long small = 4L * ROWS * (7 * 4 + 2 + 128 / 16);
    assertTrue(block >= law && block <= law + small, block + " bytes a block, the law says " + law);
    assertEquals(plain.loss(), coded.loss(), 0, "forward is untouched");
    double error = plain.gradientError(coded);
    System.out.printf(
        "saved in %d bits: %d bytes a block, gradients off by %.3g%n", bits, block, error);
    assertTrue(error > 0 && error < most, bits + " bits: gradients off by " + error);
  }

  /** The mean over many draws is what was put by, within four standard errors. */
  @ParameterizedTest
  @CsvSource({"8", "4", "2"})
  void roundingIsUnbiased(int bits) {
    int draws = 2000;
    int n = 200;
    SplittableRandom random = new SplittableRandom(StrategyRun.SEED);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    double[] sum = new double[n];
    try (Engine engine = new Engine(Kernels.open(2, null), new Allocator())) {
      Tensor tensor = engine.allocator().of(LedgerClass.ACTIVATIONS, x, 2, n / 2);
      for (int d = 0; d < draws; d++) {
        Keeping.Deposit put =
            Objects.requireNonNull(new QuantizedKeeping(engine, bits, d).put(tensor));
        Tensor back = put.fetch();
        float[] values = back.toFloats();
        for (int i = 0; i < n; i++) {
          sum[i] += (double) values[i] - x[i];
        }
        back.release();
        put.drop();
      }
      tensor.release();
      assertEquals(0, engine.ledger().live());
    }
    double worst = 0;
    for (int i = 0; i < n; i++) {
      double step = step(x, i, n, bits);
      double up = Math.abs(x[i]) / step % 1;
      double error = step * Math.sqrt(up * (1 - up) / draws) + 1e-6;
      worst = Math.max(worst, Math.abs(sum[i] / draws) / error);
    }
    // The largest of 200 normal numbers is below 4.5 but once in 1,000 seeds; this one is fixed.
    assertTrue(worst < 4.5, "a mean is off by " + worst + " standard errors");
  }

  /** Laid end to end: an odd length takes no more than the next even one, so that more is more. */
  @ParameterizedTest
  @CsvSource({"8", "4", "2"})
  void bytesRiseWithTheElements(int bits) {
    try (Engine engine = new Engine(Kernels.reference(), new Allocator())) {
      for (int columns : new int[] {4, 12, 16, 72, 100}) {
        long before = 0;
        for (int rows = 1; rows <= 40; rows++) {
          Tensor tensor =
              engine
                  .allocator()
                  .of(LedgerClass.WORKSPACE, new float[rows * columns], rows, columns);
          Keeping.Deposit put = new QuantizedKeeping(engine, bits, 7).put(tensor);
          long held =
              put == null ? tensor.byteSize() : engine.ledger().live(LedgerClass.ACTIVATIONS);
          assertTrue(held >= before, rows + " rows of " + columns + ": " + held + " < " + before);
          before = held;
          tensor.release();
          if (put != null) {
            put.drop();
          }
        }
      }
    }
  }

  /** The step of element i's block: its largest magnitude over what the bits can count to. */
  private static double step(float[] x, int i, int columns, int bits) {
    int block = (int) QuantizedKeeping.BLOCK;
    int from = i / columns * columns + i % columns / block * block;
    int to = Math.min(from + block, (i / columns + 1) * columns);
    double largest = 0;
    for (int j = from; j < to; j++) {
      largest = Math.max(largest, Math.abs(x[j]));
    }
    return largest / ((1 << (bits - 1)) - 1);
  }

  @Test
  void spilledActivationsComeBackAsTheyWere() {
    StrategyRun plain = StrategyRun.of(TWO, DType.FP32, Strategy.FASTEST, ROWS);
    Strategy spill = Strategy.FASTEST.withPlaces(Weights.RESIDENT, Spill.ACTIVATIONS);
    StrategyRun spilled = StrategyRun.of(TWO, DType.FP32, spill, ROWS);
    plain.assertSameBits(spilled);
    long activations = 2L * ROWS * (4 * 128 + 2 * 64 + 2 * 256) * 4;
    assertTrue(
        plain.saved() - spilled.saved() >= activations - 4L * ROWS * 128,
        "what is spilled is not held");
    long lastNorm = 4L * ROWS * 128;
    assertEquals(activations + lastNorm, spilled.spilled(), "bytes written");
    StrategyRun both =
        StrategyRun.of(TWO, DType.FP32, spill.withRecompute(Recompute.BLOCK, 2), ROWS);
    plain.assertSameBits(both);
    assertEquals(3 * lastNorm, both.spilled(), "two blocks' inputs, and the last norm's");
  }

  @Test
  void aSpillFileUsesItsSpaceAgain(@TempDir Path folder) {
    try (Engine engine = new Engine(Kernels.reference(), new Allocator());
        SpillFile file = SpillFile.open(folder)) {
      Tensor t = engine.allocator().of(LedgerClass.ACTIVATIONS, new float[] {1, 2, 3}, 3);
      for (int step = 0; step < 5; step++) {
        long first = file.write(t.storage().buffer(), 12);
        long second = file.write(t.storage().buffer(), 12);
        file.drop(second);
        file.drop(first);
      }
      assertEquals(24, file.longest());
      assertEquals(120, file.bytesWritten());
      assertEquals(0, Objects.requireNonNull(folder.toFile().list()).length, "it has no name");
      t.release();
    }
  }

  @Test
  void aFolderThatIsGoneIsSaid(@TempDir Path folder) {
    NacelleException e =
        assertThrows(NacelleException.class, () -> SpillFile.open(folder.resolve("gone")));
    assertEquals(NacelleException.Kind.ENVIRONMENT, e.kind());
  }
}
