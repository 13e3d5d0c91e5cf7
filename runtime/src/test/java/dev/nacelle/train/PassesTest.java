package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.memory.Strategy;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.nativeaccess.DType;
import org.junit.jupiter.api.Test;

/** Smaller passes and smaller chunks at the head: the same step, up to the order of sums. */
final class PassesTest {
  private static final ModelConfig SMALL = TrainingRig.config(48, 112, 16, 8, 3, true);

  private static final int[] UNEVEN = {7, 19, 3, 11, 30, 5};

  @Test
  void passesOfAMicroBatchAddUpToTheWhole() {
    StrategyRun whole = StrategyRun.of(SMALL, DType.FP32, Strategy.FASTEST, UNEVEN);
    for (int samples = 1; samples <= 6; samples++) {
      Strategy strategy = Strategy.FASTEST.withMicroBatch(samples);
      StrategyRun run = StrategyRun.of(SMALL, DType.FP32, strategy, UNEVEN);
      assertEquals(whole.loss(), run.loss(), 1e-6 * whole.loss(), samples + " samples");
      double error = whole.gradientError(run);
      assertTrue(error < 1e-6, samples + " samples a pass: gradients are off by " + error);
    }
  }

  /** Saved activations go as the samples in a pass: 1/m of all with m passes. */
  @Test
  void savedBytesGoAsOneOverThePasses() {
    int[] even = {12, 12, 12, 12, 12, 12, 12, 12};
    long whole = StrategyRun.of(SMALL, DType.FP32, Strategy.FASTEST, even).saved();
    for (int samples : new int[] {1, 2, 4}) {
      Strategy strategy = Strategy.FASTEST.withMicroBatch(samples);
      long part = StrategyRun.of(SMALL, DType.FP32, strategy, even).saved();
      // What does not go with the tokens: rotary frequencies, D/2 of them.
      assertEquals(whole * samples / 8.0, (double) part, 64, samples + " of 8 samples");
    }
  }

  @Test
  void fewerLogitsAtOnceComeToTheSameStep() {
    ModelConfig wide = TrainingRig.config(48, 112, 16, 8, 2, false, 9000);
    StrategyRun free = StrategyRun.of(wide, DType.FP32, Strategy.FASTEST, 300, 60);
    long before = free.peakWorkspace();
    for (int rows : new int[] {128, 64, 16}) {
      StrategyRun run =
          StrategyRun.of(wide, DType.FP32, Strategy.FASTEST.withHeadRows(rows), 300, 60);
      assertEquals(free.loss(), run.loss(), 1e-6 * free.loss());
      double error = free.gradientError(run);
      assertTrue(error < 1e-6, rows + " rows at once: gradients are off by " + error);
      System.out.printf(
          "head of %d rows at once: %,d bytes of workspace%n", rows, run.peakWorkspace());
      assertTrue(run.peakWorkspace() < before, rows + " rows: " + run.peakWorkspace());
      before = run.peakWorkspace();
    }
  }
}
