package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** AdamW with moments in eight bits beside itself with moments in fp32, on a noisy quadratic. */
final class EightBitAdamWTest {
  private static final int ELEMENTS = 1000;
  private static final int STEPS = 400;
  private static final long SEED = 71;

  private static Operand zeros(DType dtype, long n) {
    NativeBuffer buffer = NativeBuffer.allocate(n * dtype.bytes());
    buffer.zero();
    return Operand.of(buffer, dtype, n);
  }

  @Test
  void reachesTheMinimumAsFastAsWithWholeMoments() {
    for (KernelLibrary library : Levels.here()) {
      try (KernelSet set = new CpuKernelSet(library)) {
        double whole = run(set, false);
        double eight = run(set, true);
        assertTrue(whole < 0.02, "fp32 moments left " + whole + ", seed " + SEED);
        assertTrue(
            eight < 1.25 * whole, "8-bit moments left " + eight + ", fp32 " + whole + " " + SEED);
      }
    }
  }

  /** The mean square distance from the minimum after all steps; curvatures span four decades. */
  private static double run(KernelSet set, boolean eightBit) {
    SplittableRandom random = new SplittableRandom(SEED);
    Operand p = zeros(DType.FP32, ELEMENTS);
    Operand g = zeros(DType.FP32, ELEMENTS);
    DType dtype = eightBit ? DType.U8 : DType.FP32;
    Operand m = zeros(dtype, ELEMENTS);
    Operand v = zeros(dtype, ELEMENTS);
    Operand mScales = zeros(DType.FP32, 4);
    Operand vScales = zeros(DType.FP32, 4);
    for (int i = 0; i < ELEMENTS; i++) {
      Elements.set(p, i, random.nextGaussian());
    }
    for (int step = 1; step <= STEPS; step++) {
      for (int i = 0; i < ELEMENTS; i++) {
        double curvature = Math.pow(10, -4.0 * i / ELEMENTS);
        double noise = 0.1 * random.nextGaussian();
        Elements.set(g, i, curvature * (Elements.get(p, i) + noise));
      }
      double lr = 0.02 * (1 - (double) step / STEPS);
      if (eightBit) {
        set.adamW()
            .stepEightBit(
                List.of(new AdamW.EightBitSlot(p, g, m, mScales, v, vScales)),
                step,
                lr,
                0.9,
                0.999,
                1e-10,
                0);
      } else {
        set.adamW().step(List.of(new AdamW.Slot(p, g, m, v)), step, lr, 0.9, 0.999, 1e-10, 0);
      }
    }
    double squares = 0;
    for (int i = 0; i < ELEMENTS; i++) {
      squares += Elements.get(p, i) * Elements.get(p, i);
    }
    List.of(p, g, m, v, mScales, vScales).forEach(x -> x.buffer().close());
    return squares / ELEMENTS;
  }

  @Test
  void aGroupIsSteppedAsEachTensor() {
    for (KernelLibrary library : Levels.here()) {
      try (KernelSet set = new CpuKernelSet(library);
          Samples samples = new Samples(SEED)) {
        Operand[][] pairs = new Operand[2][];
        for (int copy = 0; copy < 2; copy++) {
          try (Samples same = new Samples(SEED)) {
            Operand a = same.normal(DType.FP32, 0, 9000);
            Operand b = same.normal(DType.FP32, 0, 300);
            AdamW.EightBitSlot first = slot(a, same);
            AdamW.EightBitSlot second = slot(b, same);
            if (copy == 0) {
              set.adamW().stepEightBit(List.of(first, second), 3, 0.1, 0.9, 0.99, 1e-8, 0.1);
            } else {
              set.adamW().stepEightBit(List.of(second), 3, 0.1, 0.9, 0.99, 1e-8, 0.1);
              set.adamW().stepEightBit(List.of(first), 3, 0.1, 0.9, 0.99, 1e-8, 0.1);
            }
            pairs[copy] = new Operand[] {samples.copy(a), samples.copy(b)};
          }
        }
        assertEquals("", Comparison.bits(pairs[0][0], pairs[1][0]));
        assertEquals("", Comparison.bits(pairs[0][1], pairs[1][1]));
      }
    }
  }

  /** One element that is none, of 700 in three blocks: both moments of the second are none then. */
  @Test
  void aNumberThatIsNoneSpoilsItsBlockAlone() throws Exception {
    int held = 0;
    for (KernelSet set : sets()) {
      for (double wild : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
        try (Samples samples = new Samples(SEED)) {
          AdamW.EightBitSlot slot = slot(samples.normal(DType.FP32, 0, 700), samples);
          Elements.set(slot.gradient(), 300, wild);
          set.adamW().stepEightBit(List.of(slot), 3, 0.1, 0.9, 0.99, 1e-8, 0.1);
          for (Operand scales : List.of(slot.expAvgScales(), slot.expAvgSqScales())) {
            for (int block = 0; block < 3; block++) {
              assertEquals(block == 1, Double.isNaN(Elements.get(scales, block)), set.isaLevel());
              held++;
            }
          }
          assertFalse(Double.isFinite(Elements.get(slot.parameter(), 300)));
          assertTrue(Double.isFinite(Elements.get(slot.parameter(), 301)));
        }
      }
      set.close();
    }
    assertTrue(held >= 2 * 12, "only " + held);
  }

  private static List<KernelSet> sets() throws Exception {
    List<KernelSet> sets = new ArrayList<>(List.of(Kernels.reference()));
    Levels.here().forEach(library -> sets.add(new CpuKernelSet(library)));
    CudaSets.emulated().ifPresent(sets::add);
    return sets;
  }

  private static AdamW.EightBitSlot slot(Operand p, Samples samples) {
    long n = p.elements();
    Operand m = samples.bytes(1, n).reshape(n);
    Operand v = samples.bytes(1, n).reshape(n);
    Operand scales = samples.fill(samples.normal(DType.FP32, 0, (n + 255) / 256), 1);
    for (long i = 0; i < scales.elements(); i++) {
      Elements.set(scales, i, 0.5);
    }
    return new AdamW.EightBitSlot(p, samples.copy(p), m, scales, v, samples.copy(scales));
  }
}
