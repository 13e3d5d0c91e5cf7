package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.nativeaccess.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is computed again in backward comes to the same bits and keeps what the law says. */
final class RecomputeTest {
  private static final int HIDDEN = 48;
  private static final int INNER = 112;
  private static final int KEYS = 16;
  private static final int ROWS = 29;
  private static final int LAYERS = 9;

  private static StrategyRun run(Strategy strategy, DType compute, int layers) {
    return StrategyRun.of(
        TrainingRig.config(HIDDEN, INNER, KEYS, 8, layers, true), compute, strategy, ROWS);
  }

  @ParameterizedTest
  @CsvSource({"BLOCK, FP32", "BLOCK, BF16", "MLP, FP32", "MLP, BF16"})
  void gradientsAreTheSameBits(Recompute what, DType compute) {
    StrategyRun plain = run(Strategy.FASTEST, compute, 3);
    for (int blocks = 1; blocks <= 3; blocks++) {
      plain.assertSameBits(run(Strategy.FASTEST.withRecompute(what, blocks), compute, 3));
    }
  }

  @Test
  void segmentsOfSeveralBlocksComeToTheSameBits() {
    StrategyRun plain = run(Strategy.FASTEST, DType.FP32, 5);
    for (int segment = 2; segment <= 6; segment++) {
      plain.assertSameBits(run(Strategy.FASTEST.withSegments(5, segment), DType.FP32, 5));
      plain.assertSameBits(run(Strategy.FASTEST.withSegments(3, segment), DType.FP32, 5));
    }
  }

  /** Between forward and backward, a recomputed block holds its input: T·H elements. */
  @ParameterizedTest
  @CsvSource({"FP32, 4", "BF16, 2"})
  void aBlockKeepsItsInput(DType compute, long bytes) {
    long all = run(Strategy.FASTEST, compute, LAYERS).saved();
    long input = ROWS * HIDDEN * bytes;
    long before = all;
    for (int blocks = 1; blocks <= LAYERS; blocks++) {
      long now =
          run(Strategy.FASTEST.withRecompute(Recompute.BLOCK, blocks), compute, LAYERS).saved();
      if (blocks > 1) {
        assertEquals(all - before, (blocks - 1) * (all - now) / blocks, "each block saves alike");
      }
      before = now;
    }
    long one = run(Strategy.FASTEST.withRecompute(Recompute.BLOCK, 1), compute, 1).saved();
    long two = run(Strategy.FASTEST.withRecompute(Recompute.BLOCK, 2), compute, 2).saved();
    assertEquals(input, two - one);
  }

  /** Gate and up, T·2M elements a block, go; the rest of the floor stays. */
  @ParameterizedTest
  @CsvSource({"FP32, 4", "BF16, 2"})
  void anMlpKeepsNeitherGateNorUp(DType compute, long bytes) {
    long all = run(Strategy.FASTEST, compute, LAYERS).saved();
    for (int blocks = 1; blocks <= LAYERS; blocks++) {
      long now =
          run(Strategy.FASTEST.withRecompute(Recompute.MLP, blocks), compute, LAYERS).saved();
      assertEquals(blocks * 2L * ROWS * INNER * bytes, all - now, blocks + " blocks");
    }
  }

  /** L/s inputs before backward, and the s of one segment in it: least where both are alike. */
  @Test
  void thePeakOverSegmentsIsLeastNearTheRoot() {
    int layers = 36;
    long[] peaks = new long[layers + 1];
    int best = 1;
    for (int s = 1; s <= layers; s++) {
      peaks[s] =
          run(Strategy.FASTEST.withSegments(layers, s), DType.FP32, layers).peakActivations();
      if (peaks[s] < peaks[best]) {
        best = s;
      }
    }
    System.out.printf(
        "segments of %d blocks: peak %,d bytes with 1, %,d with %d, %,d with %d%n",
        layers, peaks[1], peaks[best], best, peaks[layers], layers);
    assertTrue(best >= 5 && best <= 8, "least at " + best + ", √36 is 6");
    long input = ROWS * HIDDEN * 4L;
    for (int s : new int[] {1, 2, 3, 4, 6, 9, 12, 18}) {
      double law = (layers / s + s) * (double) input;
      double least = (36 / 6 + 6) * (double) input;
      assertEquals(law - least, (double) (peaks[s] - peaks[6]), 2.0 * input, "segment of " + s);
    }
  }
}
