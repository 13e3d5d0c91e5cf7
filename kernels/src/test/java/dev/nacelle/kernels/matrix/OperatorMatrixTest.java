package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.kernels.cuda.RedZones;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs the matrix, prints how many cases each operator has had, and holds that number. */
final class OperatorMatrixTest {
  private static final long SEED = 20261123;
  private static final int DIFFERENCES = 3;

  /** Cases of each operator on one set of kernels: fewer means that cases were lost. */
  private static final Map<String, Integer> CASES =
      Map.ofEntries(
          Map.entry("lif", 2925),
          Map.entry("plif", 2835),
          Map.entry("alif", 3279),
          Map.entry("fourier_filter", 1239),
          Map.entry("fa_lif", 3234),
          Map.entry("spike_pack", 246),
          Map.entry("spike_unpack", 1044),
          Map.entry("spike_linear", 912),
          Map.entry("leaky_integrate", 750),
          Map.entry("rms_norm", 2556),
          Map.entry("rope", 1116),
          Map.entry("swiglu", 486),
          Map.entry("geglu", 486),
          Map.entry("attention", 4266),
          Map.entry("cross_entropy", 1818),
          Map.entry("lora_linear", 1506),
          Map.entry("hydra_linear", 1551),
          Map.entry("dora_linear", 1494),
          Map.entry("dequantize", 1170),
          Map.entry("quantized_linear", 4896),
          Map.entry("quantize_activation", 1566),
          Map.entry("dequantize_activation", 1170),
          Map.entry("adamw", 1146),
          Map.entry("clip_grad_norm", 792),
          Map.entry("sum_of_squares", 696));

  /** What all operators' tests saw, for the page. */
  private static final Map<String, OperatorTable.Seen> SEEN = new ConcurrentHashMap<>();

  private static final Path PAGE = Path.of("..", "docs", "reference", "operators.md");

  private static final Set<String> OPERATORS_DONE = new TreeSet<>();

  private int runs;
  private double worst;
  private int differences;
  private final List<String> failures = new ArrayList<>();

  /** All, or those that the property names: {@code -Dnacelle.operators=lif,plif}. */
  static List<String> operators() {
    String only = System.getProperty("nacelle.operators");
    return only == null
        ? Operators.all().stream().map(operator -> operator.spec().name()).toList()
        : List.of(only.split(",", -1));
  }

  private static Map<String, KernelSet> sets() throws Exception {
    Map<String, KernelSet> sets = new LinkedHashMap<>();
    sets.put("reference", Kernels.reference());
    for (KernelLibrary library : Levels.here()) {
      sets.put("cpu " + library.level().label(), new CpuKernelSet(library));
    }
    CudaSets.emulated().ifPresent(set -> sets.put("cuda on CPU", set));
    return sets;
  }

  @ParameterizedTest
  @MethodSource("operators")
  void agreesWithLibTorch(String name) throws Exception {
    Oracle oracle = Oracles.of(name);
    Map<String, KernelSet> sets = sets();
    for (MatrixCase point : MatrixCases.of(name)) {
      Operator operator = find(name);
      for (DType dtype : operator.spec().dtypes()) {
        CaseValues values = new CaseValues(point, operator, dtype, SEED);
        Expected expected = new Expected(point, operator, oracle, values);
        if (dtype == DType.FP32 && point.fill() == Fill.NORMAL && !isCut(name)) {
          differentiate(point, operator, values, expected);
        }
        sets.forEach((label, set) -> check(point, operator, dtype, values, expected, label, set));
      }
    }
    sets.values().forEach(KernelSet::close);
    System.out.println(
        name
            + ": "
            + runs
            + " cases on "
            + sets.keySet()
            + ", "
            + differences
            + " finite differences, seed "
            + SEED);
    assertTrue(failures.isEmpty(), () -> failures.size() + " failed, the first: " + first());
    OPERATORS_DONE.add(name);
    int perSet = runs / sets.size();
    SEEN.put(name, new OperatorTable.Seen(perSet, worst));
    assertEquals(Objects.requireNonNull(CASES.get(name)), perSet, "cases on each set of kernels");
    assertTrue(differences > 0 || !find(name).spec().hasBackward() || isCut(name));
  }

  /** The page that tells users what was tested must say what was. */
  @AfterAll
  static void holdPage() throws IOException {
    if (SEEN.size() < Operators.all().size()) {
      return; // a part of the operators, or one that failed
    }
    if ("write".equals(System.getProperty("nacelle.operators.page"))) {
      Files.writeString(PAGE, OperatorTable.page(SEEN));
      return;
    }
    String stale = OperatorTable.stale(Files.exists(PAGE) ? Files.readString(PAGE) : "", SEEN);
    assertEquals(
        "",
        stale,
        "docs/reference/operators.md is out of date; write it anew with -Dtest=OperatorMatrixTest"
            + " -Dnacelle.operators.page=write");
  }

  /** The first thing that the matrix has against one set of kernels; empty for nothing. */
  String firstFailure(String name, String label, KernelSet set) {
    Oracle oracle = Oracles.of(name);
    Operator operator = find(name);
    for (MatrixCase point : MatrixCases.of(name)) {
      for (DType dtype : operator.spec().dtypes()) {
        CaseValues values = new CaseValues(point, operator, dtype, SEED);
        Expected expected = new Expected(point, operator, oracle, values);
        check(point, operator, dtype, values, expected, label, set);
        if (!failures.isEmpty()) {
          return failures.getFirst();
        }
      }
    }
    return "";
  }

  /**
   * Whether the gradient is not the derivative. A spike has none: SurrogateTest holds the
   * surrogates against their own primitives. DoRA's norm is a constant for it.
   */
  private static boolean isCut(String operator) {
    return SpikingCases.isNeuron(operator) || operator.equals("dora_linear");
  }

  /** Once all operators had their cases, every CUDA kernel has run, or runs in LargeShapesTest. */
  @AfterAll
  static void everyCudaKernelRan() throws Exception {
    CudaSets.report();
    if (OPERATORS_DONE.size() == Operators.all().size()) {
      assertEquals(List.of(), CudaSets.kernelsThatNeverRan());
    }
  }

  private String first() {
    return String.join("\n", failures.subList(0, Math.min(12, failures.size())));
  }

  private static Operator find(String name) {
    return new OperatorRunner(Operators.all(), backend -> Kernels.reference()).find(name);
  }

  private void check(
      MatrixCase point,
      Operator operator,
      DType dtype,
      CaseValues values,
      Expected expected,
      String label,
      KernelSet set) {
    String where = label + " " + dtype.label() + " " + point;
    List<NativeBuffer> buffers = new ArrayList<>();
    try {
      Map<String, Operand> plain =
          run(point, values, Layout.CONTIGUOUS, false, set, dtype, buffers);
      runs++;
      assertEquals(expected.tensors.keySet(), plain.keySet(), where);
      plain.forEach(
          (tensor, got) -> {
            holdType(operator.spec(), tensor, dtype, got, where);
            double[] want = Objects.requireNonNull(expected.tensors.get(tensor));
            double[] other =
                expected.tensors.getOrDefault(operator.scaledBy(tensor), new double[0]);
            Tolerance tolerance = tolerance(operator, tensor, dtype, point);
            String wrong = Comparison.outside(got, want, other, tolerance);
            worst = Math.max(worst, Comparison.largestError(got, want, other, tolerance));
            report(where + " " + tensor, wrong);
          });
      if (point.fill() == Fill.NORMAL) {
        for (Layout layout : Layout.values()) {
          same(where + " " + layout, plain, run(point, values, layout, false, set, dtype, buffers));
        }
        if (point.expanded()) {
          Map<String, Operand> other =
              run(point, values, Layout.CONTIGUOUS, true, set, dtype, buffers);
          same(where + " stride 0", plain, other);
        }
      }
    } catch (RuntimeException e) {
      failures.add(where + ": " + e + (e.getCause() == null ? "" : ", because " + e.getCause()));
    } finally {
      // A call that failed has closed its results already.
      for (NativeBuffer buffer : buffers) {
        if (!buffer.isClosed()) {
          closeUnwritten(buffer, where);
        }
      }
    }
  }

  /** Gives memory back, and holds that nothing around it was written. */
  private void closeUnwritten(NativeBuffer buffer, String where) {
    try {
      buffer.close();
    } catch (AssertionError e) {
      failures.add(where + ": " + e.getMessage());
    }
  }

  private static Tolerance tolerance(
      Operator operator, String tensor, DType dtype, MatrixCase point) {
    Tolerance tolerance = operator.tolerance(tensor, dtype, point.terms());
    // Denormal numbers have few digits, and so have sums and products that pass through them.
    return point.fill() == Fill.DENORMAL ? tolerance.widened(1e-3) : tolerance;
  }

  private void same(String where, Map<String, Operand> plain, Map<String, Operand> other) {
    runs++;
    plain.forEach(
        (tensor, want) ->
            report(
                where + " " + tensor,
                Comparison.bits(Objects.requireNonNull(other.get(tensor)), want)));
  }

  private void report(String where, String wrong) {
    if (!wrong.isEmpty()) {
      failures.add(where + ": " + wrong);
    }
  }

  private static void holdType(
      OperatorSpec spec, String tensor, DType storage, Operand got, String where) {
    boolean gradient = tensor.startsWith("grad_");
    String name = gradient ? tensor.substring("grad_".length()) : tensor;
    for (TensorSpec of : gradient ? spec.inputs() : spec.outputs()) {
      if (of.name().equals(name)) {
        DType want =
            switch (of.kind()) {
              case STORAGE -> storage;
              // A state's gradient has the type of what was given: fp32 or the storage type.
              case STATE -> got.dtype() == storage ? storage : DType.FP32;
              case BITS -> gradient ? DType.FP32 : DType.I32;
              case BYTES -> DType.U8;
              default -> DType.FP32;
            };
        if (tensor.equals("spikes") && got.dtype() != storage) {
          continue; // spike_format or dtype asked for another form
        }
        assertEquals(want, got.dtype(), where + " " + tensor);
      }
    }
  }

  /** Operators that choose the type of their result by an attribute are asked for each type. */
  static Map<String, String> attributes(MatrixCase point, DType dtype) {
    boolean asked =
        find(point.operator()).spec().attributes().stream().anyMatch(a -> a.name().equals("dtype"));
    return asked ? point.with("dtype", dtype.label()).attributes() : point.attributes();
  }

  private static Map<String, Operand> run(
      MatrixCase point,
      CaseValues values,
      Layout layout,
      boolean strideZero,
      KernelSet set,
      DType dtype,
      List<NativeBuffer> buffers) {
    Map<String, Operand> inputs = new LinkedHashMap<>();
    values.tensors.forEach(
        (name, v) -> {
          Operand x = layout.place(v.dtype, v.numbers, v.shape, buffers);
          if (strideZero && name.startsWith("grad_") && v.shape.length > 0 && v.shape[0] > 0) {
            long[] strides = x.strides();
            strides[0] = 0;
            x = Operand.view(x.buffer(), x.byteOffset(), x.dtype(), x.shape(), strides);
          }
          inputs.put(name, x);
        });
    return new OperatorRunner(Operators.all(), backend -> set)
        .run(
            point.operator(),
            Backend.CPU,
            inputs,
            attributes(point, dtype),
            bytes -> {
              NativeBuffer buffer = RedZones.allocate(bytes);
              buffers.add(buffer);
              return buffer;
            });
  }

  /** Autograd itself against central differences at a few elements. */
  private void differentiate(
      MatrixCase point, Operator operator, CaseValues values, Expected expected) {
    if (point.gradients().isEmpty() || point.terms() > 100) {
      return;
    }
    SplittableRandom random = new SplittableRandom(SEED);
    for (TensorSpec input : operator.spec().inputs()) {
      CaseValues.Values v = values.tensors.get(input.name());
      double[] gradient = expected.tensors.get("grad_" + input.name());
      for (int i = 0; gradient != null && v != null && i < DIFFERENCES; i++) {
        if (gradient.length == 0 || input.kind() == TensorSpec.Kind.BITS) {
          continue;
        }
        int element = random.nextInt(gradient.length);
        double at = v.numbers[element];
        if (!Double.isFinite(at)) {
          continue;
        }
        double step = 1e-5 * Math.max(1e-2, Math.abs(at));
        double found = expected.difference(input.name(), element, step);
        differences++;
        double scale = 0;
        for (double g : gradient) {
          scale = Math.max(scale, Math.abs(g));
        }
        double want = gradient[element];
        if (!(Math.abs(found - want) <= 1e-5 * Math.abs(want) + 1e-6 * (1 + scale))) {
          failures.add(
              "finite difference "
                  + point
                  + " "
                  + input.name()
                  + "["
                  + element
                  + "]: "
                  + found
                  + ", autograd "
                  + want);
        }
      }
    }
  }
}
