package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The terms of a step's time, on shapes small enough to count by hand. */
final class WorkTallyTest {
  private static final int ROWS = 6;
  private static final int WIDE = 10;
  private static final int RANK = 2;

  private static Operand matrix(NativeBuffer buffer, long rows, long columns) {
    return Operand.of(buffer, DType.FP32, rows, columns);
  }

  @Test
  void whatAWalkWouldMoveIsCounted() {
    WorkTally tally = new WorkTally(RANK);
    try (KernelSet real = Kernels.reference();
        NativeBuffer memory = NativeBuffer.allocate(4L * WIDE * WIDE)) {
      KernelSet kernels = new SilentKernels(real, tally).set();
      Operand x = matrix(memory, ROWS, WIDE);
      Operand thin = matrix(memory, ROWS, RANK);
      Operand a = matrix(memory, RANK, WIDE);
      kernels.products().multiply(thin, x, false, a, true, 1, 0);
      kernels.products().multiply(x, thin, false, a, false, 1, 1);
      kernels.products().multiply(x, x, false, matrix(memory, WIDE, WIDE), true, 1, 0);
      kernels.swiGlu().forward(x, x, x);
      kernels.swiGlu().backward(x, x, x, x, x);
      kernels.elementwise().add(x, x, 1);
      WorkTally.PerToken work = tally.take(ROWS);
      double row = 4.0 * WIDE;
      assertEquals(
          3 * row + 3 * row, work.forwardBytes(), 1e-9, "gate, and a sum read and written");
      assertEquals(5 * row, work.backwardBytes(), 1e-9);
      assertEquals(2 * 2.0 * RANK * WIDE, work.thinFlops(), 1e-9);
      double pair = 4.0 * RANK * WIDE;
      double bytes = ROWS * (row + 8) + pair + ROWS * (2 * row + 8) + pair;
      assertEquals(bytes / ROWS, work.thinBytes(), 1e-9, "the whole matrix is no adapter's");
      assertEquals(new WorkTally.PerToken(0, 0, 0, 0), tally.take(1), "taken once");
    }
  }

  /** Twice the passes widen the weight twice; rows cost what they cost, in how many passes ever. */
  @Test
  void aProductIsItsWeightsElementsAndItsRows() {
    MachineSpeed.Product small = new MachineSpeed.Product(2e-10, 4e-12);
    MachineSpeed.Product large = new MachineSpeed.Product(1e-10, 3e-12);
    MachineSpeed speed =
        new MachineSpeed(
            Map.of(
                "fp32 forward 576", small,
                "fp32 forward 1536", large),
            AttentionSpeed.even(1e11),
            new LowRankSpeed(1e-10, 1e-11),
            new ByteRates(1e10, 1e10, 1e10, 1e10),
            1e-9,
            1);
    double elements = 576.0 * 576;
    assertEquals(
        elements * (2e-10 + 4e-12 * 100), speed.product("fp32", true, 576, 576, 100, 1), 1e-15);
    assertEquals(
        elements * (4e-10 + 4e-12 * 100), speed.product("fp32", true, 576, 576, 100, 2), 1e-15);
    assertEquals(
        1e8 * (1e-10 + 3e-12 * 7), speed.product("fp32", true, 10_000, 10_000, 7, 1), 1e-12);
    for (double[] seconds :
        List.of(new double[] {2, 9}, new double[] {9, 9}, new double[] {1, 90})) {
      MachineSpeed.Product law = MachineSpeed.Product.of(10, seconds[0], seconds[1]);
      assertEquals(seconds[1], law.seconds(10, 512, 1), 1e-9, "what many rows took");
      assertTrue(law.element() >= 0 && law.rowElement() > 0, law.toString());
    }
  }

  /** With a low rank bytes cost, with a high one operations; noise makes no cost negative. */
  @Test
  void lowRankProductsLieOnTheLineThroughBothMeasurements() {
    double[] low = {100, 40, 100 * 3e-3 + 40 * 7e-3};
    double[] high = {130, 320, 130 * 3e-3 + 320 * 7e-3};
    LowRankSpeed law = LowRankSpeed.of(low, high);
    assertEquals(3e-3, law.byteSeconds(), 1e-12);
    assertEquals(7e-3, law.flopSeconds(), 1e-12);
    assertEquals(110 * 3e-3 + 80 * 7e-3, law.seconds(110, 80), 1e-12);
    for (double ofHigh : new double[] {0.5, 1.01, 1.3, 9, 90}) {
      LowRankSpeed noisy = LowRankSpeed.of(low, new double[] {high[0], high[1], ofHigh * low[2]});
      assertEquals(low[2], noisy.seconds(low[0], low[1]), 1e-12, "what the low one took");
      assertTrue(noisy.byteSeconds() >= 0 && noisy.flopSeconds() >= 0, noisy.toString());
    }
  }
}
