package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.kernels.cuda.RedZones;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Attention of large numbers, infinities and NaN under every mask, forward and backward, against
 * {@link AttentionOracle}. The matrix leaves these fills out, since LibTorch's masks multiply what
 * is not seen by 0.
 */
final class AttentionExtremesTest {
  private static final long SEED = 20261129;
  private static final int WILD = 3;
  private static final int LONG = 100;
  private static final String CUDA = "cuda on CPU";

  /** What a case's tensors hold. */
  private enum Extreme {
    /** Scores of some 10,000: nearly all weight on one key; V and gradients large too. */
    LARGE,
    /** Scores as large as the type bears: forward alone has an answer. */
    HUGE,
    INFINITE,
    NAN
  }

  private int cases;
  private long held;
  private long elements;
  private final List<String> failures = new ArrayList<>();

  private static Map<String, KernelSet> sets() throws Exception {
    Map<String, KernelSet> sets = new LinkedHashMap<>();
    sets.put("reference", Kernels.reference());
    for (KernelLibrary library : Levels.here()) {
      sets.put("cpu " + library.level().label(), new CpuKernelSet(library));
    }
    CudaSets.emulated().ifPresent(set -> sets.put(CUDA, set));
    return sets;
  }

  private static List<MatrixCase> points() {
    List<MatrixCase> points = new ArrayList<>();
    for (long[] size : new long[][] {{2, 9, 4, 2, 5}, {1, 70, 2, 2, 4}}) {
      for (String softcap : List.of("", "1.5")) {
        for (long bound : new long[] {0, 4, AttentionMatrix.SCATTERED}) {
          for (String mask : List.of("causal", "all", "3", "40")) {
            MatrixCase one =
                MatrixCase.of("attention", Set.of("y"), bound)
                    .input("q", size[0], size[1], size[2], size[4])
                    .input("k", size[0], size[1], size[3], size[4])
                    .input("v", size[0], size[1], size[3], size[4]);
            one = bound == 0 ? one : one.input("segments", size[0], size[1]);
            one = softcap.isEmpty() ? one : one.with("softcap", softcap);
            points.add(
                switch (mask) {
                  case "causal" -> one;
                  case "all" -> one.with("causal", "false");
                  default -> one.with("window", mask);
                });
          }
        }
      }
    }
    return points;
  }

  @Test
  void whatIsSeenDecidesAndNothingElse() throws Exception {
    Operator operator =
        new OperatorRunner(Operators.all(), backend -> Kernels.reference()).find("attention");
    Map<String, KernelSet> sets = sets();
    List<MatrixCase> points = points();
    for (MatrixCase point : points) {
      for (DType dtype : operator.spec().dtypes()) {
        for (Extreme extreme : Extreme.values()) {
          CaseValues values = new CaseValues(point, operator, dtype, SEED);
          values.addGradient("y", false, Objects.requireNonNull(point.shapes().get("q")));
          change(values, dtype, extreme, new SplittableRandom(SEED + cases));
          AttentionOracle oracle = new AttentionOracle(point, values, dtype);
          sets.forEach(
              (label, set) -> {
                // Two tiles in one type: the emulation takes seconds for what others do at once.
                boolean slow = label.equals(CUDA) && dtype != DType.FP32 && point.terms() > LONG;
                if (!slow) {
                  check(label + " " + dtype + " " + extreme + " ", point, values, oracle, set);
                }
              });
        }
      }
    }
    sets.values().forEach(KernelSet::close);
    System.out.println(
        "attention at the extremes: "
            + cases
            + " cases on "
            + sets.keySet()
            + ", "
            + held * 100 / elements
            + "% of the elements had a bound, seed "
            + SEED);
    assertTrue(
        failures.isEmpty(),
        () ->
            failures.size()
                + " failed, the first:\n"
                + String.join("\n", failures.subList(0, Math.min(12, failures.size()))));
    int slow = sets.containsKey(CUDA) ? 24 * 2 * Extreme.values().length : 0;
    assertEquals(48 * 3 * Extreme.values().length * sets.size() - slow, cases);
    assertTrue(held > elements / 2, "only " + held + " of " + elements + " had a bound");
  }

  private static void change(
      CaseValues values, DType dtype, Extreme extreme, SplittableRandom random) {
    boolean narrow = dtype == DType.FP16;
    switch (extreme) {
      case LARGE -> {
        scale(values, dtype, 60, "q", "k");
        scale(values, dtype, narrow ? 100 : 1e12, "v", "grad_y");
      }
      case HUGE -> {
        scale(values, dtype, narrow ? 1e4 : 1e15, "q", "k");
        scale(values, dtype, narrow ? 1e4 : 1e30, "v");
      }
      case INFINITE, NAN -> {
        List<String> tensors = List.of("q", "k", "v", "grad_y");
        for (int i = 0; i < WILD; i++) {
          double[] x = numbers(values, tensors.get(random.nextInt(tensors.size())));
          x[random.nextInt(x.length)] =
              extreme == Extreme.NAN
                  ? Double.NaN
                  : random.nextBoolean() ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
        }
      }
    }
  }

  private static void scale(CaseValues values, DType dtype, double by, String... tensors) {
    for (String tensor : tensors) {
      double[] x = numbers(values, tensor);
      for (int i = 0; i < x.length; i++) {
        x[i] = Elements.rounded(dtype, x[i] * by);
      }
    }
  }

  private static double[] numbers(CaseValues values, String tensor) {
    return Objects.requireNonNull(values.tensors.get(tensor)).numbers;
  }

  private void check(
      String label, MatrixCase point, CaseValues values, AttentionOracle oracle, KernelSet set) {
    cases++;
    List<NativeBuffer> buffers = new ArrayList<>();
    Map<String, Operand> inputs = new LinkedHashMap<>();
    values.tensors.forEach(
        (name, x) ->
            inputs.put(name, Layout.CONTIGUOUS.place(x.dtype, x.numbers, x.shape, buffers)));
    Map<String, Operand> got =
        new OperatorRunner(Operators.all(), backend -> set)
            .run(
                "attention",
                Backend.CPU,
                inputs,
                point.attributes(),
                bytes -> {
                  NativeBuffer buffer = RedZones.allocate(bytes);
                  buffers.add(buffer);
                  return buffer;
                });
    got.forEach(
        (tensor, result) -> {
          String wrong = outside(tensor, result, oracle);
          if (!wrong.isEmpty()) {
            failures.add(label + point + " " + tensor + " " + wrong);
          }
        });
    buffers.forEach(NativeBuffer::close);
  }

  private String outside(String tensor, Operand got, AttentionOracle oracle) {
    AttentionOracle.Result want = Objects.requireNonNull(oracle.results().get(tensor));
    double most = got.dtype() == DType.FP16 ? 65504 : Float.MAX_VALUE;
    double least = got.dtype() == DType.FP16 ? 0x1p-24 : Float.MIN_NORMAL;
    for (int i = 0; i < want.values().length; i++) {
      double g = Elements.get(got, i);
      double w = want.values()[i];
      double bound = want.bounds()[i] + least;
      elements++;
      if (oracle.maySpoil(tensor, i) && !Double.isFinite(g)) {
        continue;
      }
      if (Double.isFinite(w) && !(bound + Math.abs(w) < most)) {
        continue; // no bound, or beyond the type
      }
      held++;
      boolean agrees =
          Double.isNaN(w)
              ? Double.isNaN(g)
              : Double.isInfinite(w) ? g == w : Math.abs(g - w) <= bound;
      if (!agrees) {
        return "element " + i + ": got " + g + ", want " + w + " within " + bound;
      }
    }
    return "";
  }
}
