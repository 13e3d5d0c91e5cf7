package dev.nacelle.function;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Every function, and functions together, against LibTorch in fp64: forward, and gradients against
 * its autograd; gradients also against differences of our own forward.
 */
final class FunctionGradientTest {
  private static final long SEED = 4_20261123;
  private static final int CASES = 177;
  private static final int GRADIENTS = 421;
  private static final int DIFFERENCES = 1134;
  private static final int DIFFERENCES_A_LEAF = 3;
  private static final float STEP = 1f / 64;

  private final List<String> failures = new ArrayList<>();

  private static List<FunctionCase> cases(DType storage) {
    List<FunctionCase> all = new FunctionCases(storage, SEED).all();
    assertEquals(CASES, all.size(), "cases");
    return all;
  }

  @Test
  void cpuKernelsAgreeWithAutograd() {
    holdAgainstAutograd("cpu fp32", Kernels.open(2, null), DType.FP32);
  }

  @Test
  void referenceKernelsAgreeWithAutograd() {
    holdAgainstAutograd("reference fp32", Kernels.reference(), DType.FP32);
  }

  @Test
  void bf16AgreesWithAutograd() {
    holdAgainstAutograd("cpu bf16", Kernels.open(2, null), DType.BF16);
  }

  private void holdAgainstAutograd(String label, KernelSet kernels, DType compute) {
    int gradients = 0;
    try (Engine engine = new Engine(kernels, new Allocator())) {
      for (FunctionCase point : cases(compute)) {
        TorchRun want = new TorchRun(point);
        try (TapeRun run = new TapeRun(point, engine, compute)) {
          hold(label + " " + point + " forward", run.forward(), want.output, compute);
          hold(label + " " + point + " recorded", run.forwardBackward(), want.output, compute);
          float[][] once = new float[point.leaves().size()][];
          for (int i = 0; i < once.length; i++) {
            once[i] = run.gradient(i);
            String where = label + " " + point + " gradient of leaf " + i;
            hold(where, once[i], want.gradients.get(i), compute);
            gradients++;
          }
          run.forwardBackward();
          for (int i = 0; i < once.length; i++) {
            double[] twice = want.gradients.get(i).clone();
            for (int j = 0; j < twice.length; j++) {
              twice[j] *= 2;
            }
            hold(
                label + " " + point + " a second pass, leaf " + i, run.gradient(i), twice, compute);
          }
        }
        assertEquals(0, engine.ledger().live(), () -> point + " left bytes");
        assertEquals(0, engine.ledger().liveTensors(), () -> point + " left tensors");
      }
    }
    System.out.println(
        "functions: "
            + CASES
            + " cases with "
            + gradients
            + " gradients on "
            + label
            + ", seed "
            + SEED);
    assertTrue(failures.isEmpty(), this::first);
    assertEquals(GRADIENTS, gradients);
  }

  private String first() {
    return failures.size()
        + " failed, the first:\n"
        + String.join("\n", failures.subList(0, Math.min(15, failures.size())));
  }

  /** fp32: each element near its oracle; bf16: the error's norm beside the oracle's. */
  private void hold(String where, float[] got, double[] want, DType compute) {
    assertEquals(want.length, got.length, where);
    double largest = 0;
    double norm = 0;
    double error = 0;
    double worst = 0;
    for (int i = 0; i < want.length; i++) {
      double off = Math.abs(got[i] - want[i]);
      largest = Math.max(largest, Math.abs(want[i]));
      worst = Double.isNaN(off) ? off : Math.max(worst, off);
      norm += want[i] * want[i];
      error += off * off;
    }
    boolean near =
        compute == DType.FP32
            ? worst <= 2e-5 * largest + 2e-6
            : Math.sqrt(error) <= 0.02 * Math.sqrt(norm) + 2e-3;
    if (!near) {
      failures.add(
          where
              + ": off by "
              + worst
              + " where the largest is "
              + largest
              + ", norms "
              + Math.sqrt(error)
              + " of "
              + Math.sqrt(norm));
    }
  }

  @Test
  void differencesOfForwardAgree() {
    SplittableRandom random = new SplittableRandom(SEED);
    int differences = 0;
    try (Engine engine = new Engine(Kernels.reference(), new Allocator())) {
      for (FunctionCase point : cases(DType.FP32)) {
        try (TapeRun run = new TapeRun(point, engine, DType.FP32)) {
          run.forwardBackward();
          for (int leaf = 0; leaf < point.leaves().size(); leaf++) {
            differences += differentiate(point, run, leaf, random);
          }
        }
      }
    }
    System.out.println("functions: " + differences + " finite differences, seed " + SEED);
    assertTrue(failures.isEmpty(), this::first);
    assertEquals(DIFFERENCES, differences);
  }

  private int differentiate(FunctionCase point, TapeRun run, int leaf, SplittableRandom random) {
    float[] data = point.leaves().get(leaf).data();
    float[] gradient = run.gradient(leaf);
    double largest = 0;
    for (float g : gradient) {
      largest = Math.max(largest, Math.abs(g));
    }
    int count = Math.min(DIFFERENCES_A_LEAF, data.length);
    for (int n = 0; n < count; n++) {
      int element = random.nextInt(data.length);
      double slope = fourthOrder(run, leaf, element, data[element]);
      double off = Math.abs(slope - gradient[element]);
      if (!(off <= 2e-3 * largest + 5e-4)) {
        failures.add(
            point
                + " leaf "
                + leaf
                + "["
                + element
                + "]: difference "
                + slope
                + ", backward "
                + gradient[element]);
      }
    }
    return count;
  }

  /** Four points: the error of two would hide behind curvature at a step that fp32 can resolve. */
  private static double fourthOrder(TapeRun run, int leaf, int element, float at) {
    double near = at(run, leaf, element, at + STEP) - at(run, leaf, element, at - STEP);
    double far = at(run, leaf, element, at + 2 * STEP) - at(run, leaf, element, at - 2 * STEP);
    run.set(leaf, element, at);
    return (8 * near - far) / (12 * STEP);
  }

  private static double at(TapeRun run, int leaf, int element, float value) {
    run.set(leaf, element, value);
    return run.weightedSum();
  }

  /** What is frozen gets no gradient, costs none, and is not kept. */
  @Test
  void frozenInputsCostNothing() {
    SplittableRandom random = new SplittableRandom(SEED);
    try (Engine engine = new Engine(Kernels.open(2, null), new Allocator());
        Tape tape = engine.record()) {
      Tensor w = parameter(engine, random, 8, 8);
      Tensor gain = parameter(engine, random, 8);
      Parameter a = new Parameter("a", parameter(engine, random, 2, 8));
      Parameter b = new Parameter("b", parameter(engine, random, 8, 2));
      Tensor y;
      try (Tape.Frame frame = tape.frame()) {
        Tensor x = TestFunctions.frozen(tape, Values.random(random, DType.FP32, 5, 8));
        Tensor n = tape.apply(new RmsNorm(gain, 1e-5f), x);
        Tensor gated =
            tape.apply(
                new GatedProduct(Gate.SILU),
                tape.apply(new FrozenLinear(w), n),
                tape.apply(new FrozenLinear(w), tape.apply(new RmsNorm(gain, 1e-5f), n)));
        y = frame.result(tape.apply(new FrozenLinear(w), gated));
      }
      assertEquals(5 * 8 * 4, engine.ledger().live(LedgerClass.ACTIVATIONS), "only y is held");
      Tensor z = tape.apply(new LoraLinear(new FrozenLinear(w), a, b, 1f, Dropout.NONE), true, y);
      long before = engine.ledger().live(LedgerClass.ACTIVATIONS);
      engine.ledger().resetPeak();
      tape.backward(z);
      assertEquals(
          before + 5 * 8 * 4,
          engine.ledger().peak(LedgerClass.ACTIVATIONS),
          "the root's gradient and no other");
      assertEquals((2 * 8 + 8 * 2) * 4, engine.ledger().live(LedgerClass.GRADIENTS));
      assertTrue(a.gradient() != null && b.gradient() != null);
      a.releaseGradient();
      assertNull(a.gradient());
    }
  }

  private static Tensor parameter(Engine engine, SplittableRandom random, long... shape) {
    Values values = Values.random(random, DType.FP32, shape);
    return engine.allocator().of(LedgerClass.PARAMETERS, values.data(), shape);
  }
}
