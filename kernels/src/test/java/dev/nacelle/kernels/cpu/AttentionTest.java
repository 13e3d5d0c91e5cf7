package dev.nacelle.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.kernels.Attention;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.reference.ReferenceAttention;
import dev.nacelle.nativeaccess.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** C attention against the reference in double, and the reference against finite differences. */
class AttentionTest {
  private static final long SEED = 5;

  private record Shape(int heads, int kvHeads, int dim, List<Integer> lengths) {
    int[] starts() {
      int[] starts = new int[lengths.size() + 1];
      for (int s = 0; s < lengths.size(); s++) {
        starts[s + 1] = starts[s] + lengths.get(s);
      }
      return starts;
    }

    int rows() {
      return starts()[lengths.size()];
    }

    float scale() {
      return (float) (1 / Math.sqrt(dim));
    }
  }

  /**
   * No rows, one row, an empty sample, more than one tile, odd head sizes, grouped heads or not,
   * samples long enough that backward cuts them into two and four runs.
   */
  private static final List<Shape> SHAPES =
      List.of(
          new Shape(2, 1, 8, List.of()),
          new Shape(1, 1, 1, List.of(1)),
          new Shape(3, 3, 5, List.of(7, 0, 2)),
          new Shape(6, 2, 17, List.of(64, 3)),
          new Shape(4, 2, 32, List.of(65, 1, 130)),
          new Shape(9, 3, 64, List.of(63, 70)),
          new Shape(2, 1, 80, List.of(129)),
          new Shape(4, 2, 8, List.of(193, 20, 320)),
          new Shape(2, 1, 5, List.of(1030)));

  private final Attention reference = new ReferenceAttention();
  private int cases;

  /** Inputs, outputs and gradients of one case. */
  private record Tensors(
      Operand q, Operand k, Operand v, Operand out, Operand lse, Operand gradOut) {}

  private static Operand heads(Samples samples, DType type, int gap, long rows, long h, long d) {
    Operand plain = samples.normalStrided(type, 1, gap, rows, h * d);
    return Operand.view(
        plain.buffer(),
        plain.byteOffset(),
        type,
        new long[] {rows, h, d},
        new long[] {plain.stride(0), d, 1});
  }

  private static Tensors make(Samples samples, DType type, Shape shape, int gap) {
    int rows = shape.rows();
    return new Tensors(
        heads(samples, type, gap, rows, shape.heads(), shape.dim()),
        heads(samples, type, gap, rows, shape.kvHeads(), shape.dim()),
        heads(samples, type, 0, rows, shape.kvHeads(), shape.dim()),
        heads(samples, type, gap, rows, shape.heads(), shape.dim()),
        samples.normal(DType.FP32, 0, shape.heads(), rows),
        heads(samples, type, 0, rows, shape.heads(), shape.dim()));
  }

  private void close(Operand expected, Operand actual, double tolerance, String what) {
    assertEquals(0, Samples.maxDifference(expected, actual), tolerance, what + " seed " + SEED);
    cases++;
  }

  @Test
  void forwardAndBackwardOverTypesAndShapes() {
    for (KernelLibrary library : Levels.here()) {
      try (CpuAttention attention = new CpuAttention(library)) {
        for (DType type : Samples.COMPUTE) {
          for (Shape shape : SHAPES) {
            double tolerance = type == DType.FP32 ? 2e-5 : type == DType.FP16 ? 5e-3 : 4e-2;
            check(attention, type, shape, tolerance, library.level().label());
          }
        }
      }
    }
    assertEquals(Levels.here().size() * 3 * SHAPES.size() * 5, cases);
  }

  private void check(Attention attention, DType type, Shape shape, double tolerance, String level) {
    String name = level + " " + type + " " + shape;
    try (Samples samples = new Samples(SEED)) {
      Tensors t = make(samples, type, shape, 3);
      Operand out = samples.copy(t.out());
      Operand lse = samples.copy(t.lse());
      reference.forward(t.out(), t.lse(), t.q(), t.k(), t.v(), shape.starts(), shape.scale());
      attention.forward(out, lse, t.q(), t.k(), t.v(), shape.starts(), shape.scale());
      close(t.out(), out, tolerance, name + " out");
      close(t.lse(), lse, 1e-5, name + " logSumExp");
      Operand gradQ = samples.copy(t.q());
      Operand gradK = samples.copy(t.k());
      Operand gradV = samples.copy(t.v());
      Operand[] actual = {samples.copy(t.q()), samples.copy(t.k()), samples.copy(t.v())};
      reference.backward(
          gradQ,
          gradK,
          gradV,
          t.gradOut(),
          t.out(),
          t.lse(),
          t.q(),
          t.k(),
          t.v(),
          shape.starts(),
          shape.scale());
      attention.backward(
          actual[0],
          actual[1],
          actual[2],
          t.gradOut(),
          t.out(),
          t.lse(),
          t.q(),
          t.k(),
          t.v(),
          shape.starts(),
          shape.scale());
      close(gradQ, actual[0], 2 * tolerance, name + " gradQ");
      close(gradK, actual[1], 2 * tolerance, name + " gradK");
      close(gradV, actual[2], 2 * tolerance, name + " gradV");
    }
  }

  @Test
  void newRowsAgainstACache() {
    for (KernelLibrary library : Levels.here()) {
      try (CpuAttention attention = new CpuAttention(library)) {
        for (DType type : Samples.COMPUTE) {
          for (int past : new int[] {0, 1, 63, 64, 200}) {
            for (int rows : new int[] {1, 2, 70}) {
              try (Samples samples = new Samples(SEED)) {
                Operand q = heads(samples, type, 3, rows, 6, 20);
                Operand k = heads(samples, type, 0, past + rows, 2, 20);
                Operand v = heads(samples, type, 5, past + rows, 2, 20);
                double tolerance = type == DType.FP32 ? 2e-5 : type == DType.FP16 ? 5e-3 : 4e-2;
                for (int window : new int[] {0, 1, 65}) {
                  Operand expected = heads(samples, type, 2, rows, 6, 20);
                  Operand actual = samples.copy(expected);
                  float softcap = window == 1 ? 0 : 2;
                  reference.cached(expected, q, k, v, past, window, 0.3f, softcap);
                  attention.cached(actual, q, k, v, past, window, 0.3f, softcap);
                  String name = type + " past " + past + " rows " + rows + " window " + window;
                  close(expected, actual, tolerance, name);
                }
              }
            }
          }
        }
      }
    }
    assertEquals(Levels.here().size() * 3 * 15 * 3, cases);
  }

  @Test
  void theSameBitsForEveryNumberOfThreads() {
    Shape shape = new Shape(4, 2, 24, List.of(150, 400, 70));
    for (KernelLibrary library : Levels.here()) {
      try (Samples samples = new Samples(SEED)) {
        Tensors t = make(samples, DType.FP32, shape, 0);
        List<Double> first = List.of();
        for (int threads = 1; threads <= 4; threads++) {
          KernelLibrary other = KernelLibrary.open(threads, library.level().label()).library();
          List<Double> bits = bits(Objects.requireNonNull(other), t, shape);
          if (threads == 1) {
            first = bits;
          } else {
            assertEquals(first, bits, "with " + threads + " threads");
            cases++;
          }
        }
      }
    }
    assertEquals(3 * Levels.here().size(), cases);
  }

  private static List<Double> bits(KernelLibrary library, Tensors t, Shape shape) {
    try (CpuAttention attention = new CpuAttention(library);
        Samples samples = new Samples(SEED)) {
      Operand gradQ = samples.copy(t.q());
      Operand gradK = samples.copy(t.k());
      Operand gradV = samples.copy(t.v());
      attention.forward(t.out(), t.lse(), t.q(), t.k(), t.v(), shape.starts(), shape.scale());
      attention.backward(
          gradQ,
          gradK,
          gradV,
          t.gradOut(),
          t.out(),
          t.lse(),
          t.q(),
          t.k(),
          t.v(),
          shape.starts(),
          shape.scale());
      List<Double> all = new ArrayList<>(Samples.values(t.out()));
      all.addAll(Samples.values(gradQ));
      all.addAll(Samples.values(gradK));
      all.addAll(Samples.values(gradV));
      return all;
    }
  }

  /** Of two keys the second's share is e^x/(1 + e^x): no digit of it may be lost. */
  @Test
  void exponentialsAreGoodToTheirLastDigits() {
    int heads = 1000;
    for (KernelLibrary library : Levels.here()) {
      try (CpuAttention attention = new CpuAttention(library);
          Samples samples = new Samples(SEED)) {
        Operand q = heads(samples, DType.FP32, 0, 2, heads, 1);
        Operand k = heads(samples, DType.FP32, 0, 2, 1, 1);
        Operand v = heads(samples, DType.FP32, 0, 2, 1, 1);
        Operand out = heads(samples, DType.FP32, 0, 2, heads, 1);
        Operand lse = samples.normal(DType.FP32, 0, heads, 2);
        for (int row = 0; row < 2; row++) {
          Samples.set(k, row, row);
          Samples.set(v, row, row);
        }
        for (int h = 0; h < heads; h++) {
          Samples.set(q, heads + h, -20.0 * h / heads);
        }
        attention.forward(out, lse, q, k, v, new int[] {0, 2}, 1);
        for (int h = 0; h < heads; h++) {
          double e = Math.exp(Samples.get(q, heads + h));
          double share = e / (1 + e);
          String what = library.level().label() + ", e^" + Samples.get(q, heads + h);
          assertEquals(share, Samples.get(out, heads + h), 1e-6 * share, what);
          cases++;
        }
      }
    }
    assertEquals(heads * Levels.here().size(), cases);
  }

  /** Σ gradOut ⊙ out, moved by one input element at a time. */
  @Test
  void referenceGradientsAreFiniteDifferences() {
    Shape shape = new Shape(4, 2, 3, List.of(4, 3));
    try (Samples samples = new Samples(SEED)) {
      Tensors t = make(samples, DType.FP32, shape, 0);
      reference.forward(t.out(), t.lse(), t.q(), t.k(), t.v(), shape.starts(), shape.scale());
      Operand[] grads = {samples.copy(t.q()), samples.copy(t.k()), samples.copy(t.v())};
      reference.backward(
          grads[0],
          grads[1],
          grads[2],
          t.gradOut(),
          t.out(),
          t.lse(),
          t.q(),
          t.k(),
          t.v(),
          shape.starts(),
          shape.scale());
      Operand[] inputs = {t.q(), t.k(), t.v()};
      for (int which = 0; which < 3; which++) {
        Operand input = inputs[which];
        Operand grad = grads[which];
        Samples.forEach(
            input,
            index -> {
              double old = Samples.get(input, index);
              double step = 1.0 / 128;
              Samples.set(input, index, old + step);
              double above = objective(t, shape);
              Samples.set(input, index, old - step);
              double below = objective(t, shape);
              Samples.set(input, index, old);
              double slope = (above - below) / (2 * step);
              assertEquals(slope, Samples.get(grad, index), 1e-3, "seed " + SEED);
              cases++;
            });
      }
    }
    assertEquals(7 * 3 * (4 + 2 + 2), cases);
  }

  private double objective(Tensors t, Shape shape) {
    reference.forward(t.out(), t.lse(), t.q(), t.k(), t.v(), shape.starts(), shape.scale());
    List<Double> out = Samples.values(t.out());
    List<Double> weights = Samples.values(t.gradOut());
    double sum = 0;
    for (int i = 0; i < out.size(); i++) {
      sum += out.get(i) * weights.get(i);
    }
    return sum;
  }
}
