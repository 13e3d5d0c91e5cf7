package dev.nacelle.function;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.loader.JavaCppPresets;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.Objects;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Convolutions against LibTorch's in fp64: forward, and both gradients against its autograd. */
final class ConvolutionTest {
  private static final long SEED = 20261130;

  static {
    JavaCppPresets.shareLibraries();
    Loader.load(torch.class);
  }

  /**
   * H, W, B, C, M, k: one pixel, one row, kernels wider than the image, odd and even sizes, and one
   * that is unfolded in four stretches.
   */
  private static final int[][] SHAPES = {
    {1, 1, 1, 1, 1, 3},
    {1, 7, 2, 3, 5, 3},
    {6, 1, 3, 2, 4, 5},
    {2, 2, 1, 4, 3, 5},
    {5, 8, 2, 3, 7, 3},
    {8, 8, 4, 16, 16, 3},
    {4, 5, 3, 6, 2, 1},
    {10, 16, 16, 32, 8, 3},
  };

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Outcome(double[] y, double[] gradX, double[] gradW) {}

  @SuppressWarnings("try") // gradients are recorded as long as it is open
  private static Outcome torchRun(int[] s, float[] x, float[] w, float[] upstream) {
    try (PointerScope scope = new PointerScope();
        AutoGradMode on = new AutoGradMode(true)) {
      var leafX = tensor(x, (long) s[0] * s[1], s[2], s[3]).set_requires_grad(true);
      var leafW = tensor(w, s[4], (long) s[5] * s[5] * s[3]).set_requires_grad(true);
      var images = leafX.reshape(s[0], s[1], s[2], s[3]).permute(2, 3, 0, 1);
      var kernel = leafW.reshape(s[4], s[5], s[5], s[3]).permute(0, 3, 1, 2);
      int reach = s[5] / 2;
      var padded = torch.constant_pad_nd(images, new long[] {reach, reach, reach, reach});
      var y = torch.conv2d(padded, kernel).permute(2, 3, 0, 1);
      y.mul(tensor(upstream, s[0], s[1], s[2], s[4])).sum().backward();
      Outcome outcome = new Outcome(values(y), values(leafX.grad()), values(leafW.grad()));
      scope.deallocate();
      return outcome;
    }
  }

  private static org.bytedeco.pytorch.Tensor tensor(float[] values, long... shape) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return org.bytedeco.pytorch.Tensor.create(wide, shape);
  }

  private static double[] values(org.bytedeco.pytorch.Tensor t) {
    double[] values = new double[(int) t.numel()];
    new DoublePointer(t.contiguous().data_ptr_double()).get(values);
    return values;
  }

  private static float[] random(SplittableRandom random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @Test
  void agreesWithAutograd() {
    for (KernelSet kernels : new KernelSet[] {Kernels.open(2, null), Kernels.reference()}) {
      SplittableRandom random = new SplittableRandom(SEED);
      try (Engine engine = new Engine(kernels, new Allocator())) {
        for (int[] s : SHAPES) {
          float[] x = random(random, s[0] * s[1] * s[2] * s[3]);
          float[] w = random(random, s[4] * s[5] * s[5] * s[3]);
          float[] upstream = random(random, s[0] * s[1] * s[2] * s[4]);
          hold(engine, s, x, w, upstream);
        }
        assertEquals(0, engine.ledger().liveTensors());
      }
    }
    System.out.println("convolutions: " + SHAPES.length + " shapes, seed " + SEED);
  }

  private static void hold(Engine engine, int[] s, float[] x, float[] w, float[] upstream) {
    Outcome want = torchRun(s, x, w, upstream);
    var allocator = engine.allocator();
    LedgerClass kind = LedgerClass.PARAMETERS;
    long pixels = (long) s[0] * s[1];
    Parameter input = new Parameter("x", allocator.of(kind, x, pixels, s[2], s[3]));
    Parameter weight = new Parameter("w", allocator.of(kind, w, s[4], (long) s[5] * s[5] * s[3]));
    Tensor up = allocator.of(kind, upstream, pixels, s[2], s[4]);
    for (int pass = 1; pass <= 2; pass++) {
      try (Tape tape = engine.record()) {
        Tensor at = tape.apply(new TestFunctions.Read(input, DType.FP32), true);
        Tensor y = tape.apply(new Convolution(weight, s[0], s[1], s[5], true), true, at);
        near(want.y, y.toFloats(), 1);
        tape.backward(tape.apply(new TestFunctions.Weighted(up), y));
      }
      // A second pass adds to the gradients of the first.
      near(want.gradX, Objects.requireNonNull(input.gradient()).toFloats(), pass);
      near(want.gradW, Objects.requireNonNull(weight.gradient()).toFloats(), pass);
    }
    input.releaseGradient();
    weight.releaseGradient();
    input.value().release();
    weight.value().release();
    up.release();
  }

  private static void near(double[] want, float[] got, int times) {
    assertEquals(want.length, got.length);
    double largest = 0;
    for (double v : want) {
      largest = Math.max(largest, Math.abs(v));
    }
    for (int i = 0; i < got.length; i++) {
      assertEquals(want[i] * times, got[i], 2e-5 * times * largest + 1e-6, "element " + i);
    }
  }

  @Test
  void aFrozenKernelHasNoGradientAndKeepsNothing() {
    try (Engine engine = new Engine(Kernels.reference(), new Allocator())) {
      Parameter weight =
          new Parameter("w", engine.allocator().zeros(LedgerClass.PARAMETERS, DType.FP32, 2, 18));
      Tensor x = engine.allocator().zeros(LedgerClass.ACTIVATIONS, DType.FP32, 16, 1, 2);
      try (Tape tape = engine.record()) {
        Tensor y;
        try (Tape.Frame frame = tape.frame()) {
          y = frame.result(tape.apply(new Convolution(weight, 4, 4, 3, false), false, x));
        }
        x.release();
        assertEquals(y.byteSize(), engine.ledger().live(LedgerClass.ACTIVATIONS));
      }
      weight.value().release();
    }
  }

  @Test
  void whatDoesNotGoTogetherIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> even());
    try (Engine engine = new Engine(Kernels.reference(), new Allocator())) {
      Parameter weight =
          new Parameter("w", engine.allocator().zeros(LedgerClass.PARAMETERS, DType.FP32, 2, 17));
      Tensor x = engine.allocator().zeros(LedgerClass.ACTIVATIONS, DType.FP32, 16, 1, 2);
      try (Tape tape = engine.record()) {
        Convolution function = new Convolution(weight, 4, 4, 3, true);
        assertThrows(IllegalArgumentException.class, () -> tape.apply(function, true, x));
      }
      x.release();
      weight.value().release();
    }
  }

  private static Convolution even() {
    try (Engine engine = new Engine(Kernels.reference(), new Allocator())) {
      Tensor w = engine.allocator().zeros(LedgerClass.PARAMETERS, DType.FP32, 1, 4);
      w.release();
      return new Convolution(new Parameter("w", w), 4, 4, 2, true);
    }
  }
}
