package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.Ledger;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.memory.Strategy.Spill;
import dev.nacelle.memory.Strategy.Weights;
import dev.nacelle.tape.Engine;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The laws once more, on a network that is no transformer. */
final class ConvolutionStrategiesTest {
  private static final int IMAGES = 8;
  private static final SmallConvolution.Shape DEEP = shape(16);

  @TempDir private Path folder;

  private static SmallConvolution.Shape shape(int blocks) {
    return new SmallConvolution.Shape(8, 12, 16, blocks, 10);
  }

  /** Bytes of the C channels of all pixels of the images: what one tensor between blocks has. */
  private static long one(int images) {
    return 4L * 64 * images * 16;
  }

  /**
   * @param saved bytes between forward and backward of a pass
   * @param peak most bytes of activations in a step
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Outcome(
      double loss, float[][] parameters, long saved, long peak, long gradients, long optimizer) {}

  private Outcome run(SmallConvolution.Shape shape, int frozen, Strategy strategy) {
    try (Engine engine = new Engine(Kernels.open(2, null), new Allocator())) {
      Outcome outcome;
      try (SmallConvolution net = new SmallConvolution(engine, shape, frozen, folder)) {
        SmallConvolution.Images images = SmallConvolution.Images.random(shape, IMAGES, 3);
        net.use(strategy);
        long saved = net.saved(images);
        Ledger ledger = engine.ledger();
        ledger.resetPeak();
        double loss = 0;
        for (int step = 0; step < 3; step++) {
          loss = net.step(images);
        }
        outcome =
            new Outcome(
                loss,
                net.parameters(),
                saved,
                ledger.peak(LedgerClass.ACTIVATIONS),
                ledger.peak(LedgerClass.GRADIENTS),
                ledger.live(LedgerClass.OPTIMIZER));
      }
      assertEquals(0, engine.ledger().liveTensors());
      return outcome;
    }
  }

  private static void assertSame(Outcome expected, Outcome found) {
    assertEquals(expected.loss, found.loss, 0);
    for (int i = 0; i < expected.parameters.length; i++) {
      assertArrayEquals(expected.parameters[i], found.parameters[i], 0f, "parameter " + i);
    }
  }

  @Test
  void itLearns() {
    try (Engine engine = new Engine(Kernels.open(2, null), new Allocator());
        SmallConvolution net = new SmallConvolution(engine, shape(3), 0, folder)) {
      SmallConvolution.Images images = SmallConvolution.Images.random(shape(3), IMAGES, 3);
      double first = net.step(images);
      double last = 0;
      for (int step = 0; step < 60; step++) {
        last = net.step(images);
      }
      assertTrue(last < 0.1 * first, first + " came down to " + last);
    }
  }

  @Test
  void exactStrategiesComeToTheSameBits() {
    Outcome plain = run(shape(5), 0, Strategy.FASTEST);
    for (Strategy strategy :
        List.of(
            Strategy.FASTEST.withRecompute(Recompute.BLOCK, 3),
            Strategy.FASTEST.withSegments(5, 2),
            Strategy.FASTEST.withSegments(5, 5),
            Strategy.FASTEST.withPlaces(Weights.RESIDENT, Spill.ACTIVATIONS),
            Strategy.FASTEST.withPlaces(Weights.RESIDENT, Spill.ACTIVATIONS_AND_MOMENTS),
            Strategy.FASTEST.withUpdateInBackward(true))) {
      assertSame(plain, run(shape(5), 0, strategy));
    }
  }

  /** A block keeps x, gate and up, and the norm's number a pixel; recomputed, x alone. */
  @Test
  void aBlockKeepsThreeTensors() {
    long small = 4L * 64 * IMAGES;
    long plain = run(shape(5), 0, Strategy.FASTEST).saved;
    assertEquals(3 * one(IMAGES) + small, plain - run(shape(4), 0, Strategy.FASTEST).saved);
    for (int blocks = 1; blocks <= 5; blocks++) {
      long now = run(shape(5), 0, Strategy.FASTEST.withRecompute(Recompute.BLOCK, blocks)).saved;
      assertEquals(blocks * (2 * one(IMAGES) + small), plain - now, blocks + " recomputed");
    }
  }

  /** L/s inputs before backward and the s of one segment in it: least at √16. */
  @Test
  void thePeakOverSegmentsIsLeastAtTheRoot() {
    long[] peaks = new long[17];
    int best = 1;
    for (int s = 1; s <= 16; s++) {
      peaks[s] = run(DEEP, 0, Strategy.FASTEST.withSegments(16, s)).peak;
      best = peaks[s] < peaks[best] ? s : best;
    }
    System.out.printf(
        "16 convolutional blocks: peak %,d bytes in segments of 1, %,d of %d, %,d of 16%n",
        peaks[1], peaks[best], best, peaks[16]);
    assertTrue(best >= 3 && best <= 5, "least at " + best + ", √16 is 4");
    for (int s : new int[] {1, 2, 8, 16}) {
      double law = (16.0 / s + s - 8) * one(IMAGES);
      assertEquals(law, (double) (peaks[s] - peaks[4]), 2.0 * one(IMAGES), "segments of " + s);
    }
  }

  @Test
  void savedBytesGoAsOneOverThePasses() {
    Outcome whole = run(shape(5), 0, Strategy.FASTEST);
    for (int images : new int[] {1, 2, 4}) {
      Outcome part = run(shape(5), 0, Strategy.FASTEST.withMicroBatch(images));
      assertEquals(whole.saved * images, part.saved * IMAGES, images + " images a pass");
      assertEquals(whole.loss, part.loss, 1e-5 * whole.loss);
    }
  }

  /** k bits and half a bit for the scales of each element that is coded. */
  @Test
  void savedBytesGoAsTheBits() {
    for (int bits : new int[] {8, 4, 2}) {
      Strategy strategy = Strategy.FASTEST.withBits(bits, 32);
      long block = run(shape(5), 0, strategy).saved - run(shape(4), 0, strategy).saved;
      long elements = 3 * one(IMAGES) / 4;
      long law = elements * bits / 8 + elements / 64 * 4 + 4L * 64 * IMAGES;
      assertEquals(law, block, bits + " bits");
    }
  }

  /** Frozen blocks in front keep nothing at all: the rest keeps what it would keep alone. */
  @Test
  void aFrozenPrefixSavesExactlyItsActivations() {
    long block = 3 * one(IMAGES) + 4L * 64 * IMAGES;
    long all = run(shape(6), 0, Strategy.FASTEST).saved;
    for (int frozen = 1; frozen < 6; frozen++) {
      assertEquals(
          frozen * block,
          all - run(shape(6), frozen, Strategy.FASTEST).saved,
          frozen + " frozen blocks");
    }
  }

  @Test
  void momentsAndGradientsFollowTheirLaws() {
    Outcome plain = run(shape(5), 0, Strategy.FASTEST);
    long trained = plain.optimizer / 8;
    Outcome eight = run(shape(5), 0, Strategy.FASTEST.withBits(32, 8));
    assertEquals(2 * trained * (1 + 4 / 256.0), (double) eight.optimizer, 0.02 * trained);
    assertEquals(4 * trained, plain.gradients);
    long kernel = 4L * 16 * 9 * 16;
    assertEquals(kernel, run(shape(5), 0, Strategy.FASTEST.withUpdateInBackward(true)).gradients);
    Strategy away = Strategy.FASTEST.withPlaces(Weights.RESIDENT, Spill.ACTIVATIONS_AND_MOMENTS);
    assertEquals(0, run(shape(5), 0, away).optimizer);
  }
}
