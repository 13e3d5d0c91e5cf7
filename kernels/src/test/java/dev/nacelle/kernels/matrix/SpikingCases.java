package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Surrogate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The points of the matrix of the spiking operators. */
final class SpikingCases {
  private static final Set<String> SPIKES = Set.of("spikes");
  private static final Set<String> ALL = Set.of("spikes", "v");
  private static final Set<String> ADAPTIVE = Set.of("spikes", "v", "b");

  private SpikingCases() {}

  static List<MatrixCase> of(String operator) {
    return switch (operator) {
      case "lif", "plif", "alif", "fa_lif" -> neurons(operator);
      case "fourier_filter" -> filter();
      case "spike_pack" -> pack();
      case "spike_unpack" -> unpack();
      case "spike_linear" -> linear();
      case "leaky_integrate" -> integrate();
      default -> throw new IllegalStateException("no cases for " + operator);
    };
  }

  /** Whether the operator has a threshold that inputs must keep away from. */
  static boolean isNeuron(String operator) {
    return List.of("lif", "plif", "alif", "fa_lif").contains(operator);
  }

  /**
   * Whether an exact answer exists for such values. A threshold needs numbers to be held against;
   * where zeros are skipped or multiplied in another order, an infinity is one thing here and
   * another there. NeuronIsolationTest holds what is promised then.
   */
  static boolean bears(String operator, Fill fill) {
    boolean skips = operator.equals("spike_linear") || operator.equals("fourier_filter");
    // Products of large scores cancel in a softmax's gradient, and LibTorch's masks multiply what
    // is
    // not seen: AttentionExtremesTest has an oracle and bounds of its own.
    boolean attends = operator.equals("attention");
    return !((isNeuron(operator) || attends) && fill.isWild())
        && !(operator.equals("leaky_integrate") && fill == Fill.INFINITE)
        && !(skips && (fill == Fill.INFINITE || fill == Fill.NAN));
  }

  private static MatrixCase neuron(String operator, long... shape) {
    boolean adaptive = operator.equals("alif") || operator.equals("fa_lif");
    MatrixCase one =
        MatrixCase.of(operator, adaptive ? ADAPTIVE : ALL, 1)
            .input("x", shape)
            .with("v_threshold", "0.375");
    if (operator.equals("plif")) {
      one = one.input("w", 1);
    }
    if (operator.equals("fa_lif")) {
      long modes = Math.max(1, shape[0] / 2 + (shape[0] % 3 == 0 ? 1 : 0));
      one =
          one.input("gain_re", modes, shape[shape.length - 1])
              .input("gain_im", modes, shape[shape.length - 1]);
    }
    return one;
  }

  private static MatrixCase withState(MatrixCase one) {
    long[] x = java.util.Objects.requireNonNull(one.shapes().get("x"));
    long[] state = java.util.Arrays.copyOfRange(x, 1, x.length);
    MatrixCase more = one.input("v0", state);
    return one.gradients().contains("b") ? more.input("b0", state) : more;
  }

  private static List<MatrixCase> neurons(String operator) {
    List<MatrixCase> cases = new ArrayList<>();
    boolean filtered = operator.equals("fa_lif");
    boolean adaptive = filtered || operator.equals("alif");
    List<long[]> shapes =
        new ArrayList<>(
            List.of(
                new long[] {0, 3},
                new long[] {1, 1},
                new long[] {4, 0},
                new long[] {3, 2, 5},
                new long[] {7, 33},
                new long[] {5, 2, 257},
                new long[] {2, 600}));
    if (!filtered) {
      shapes.add(new long[] {4});
    }
    for (long[] shape : shapes) {
      MatrixCase one = neuron(operator, shape);
      cases.add(one);
      cases.add(withState(one).with("v_reset", "none"));
    }
    // 36 neurons: vectors of four where a backend has them, and the same in single ones elsewhere.
    MatrixCase one = neuron(operator, 6, 3, 12);
    for (String decay : List.of("true", "false")) {
      for (String reset : List.of("0.0", "none", "-0.25")) {
        for (String detach : List.of("true", "false")) {
          MatrixCase shaped =
              one.with("decay_input", decay).with("v_reset", reset).with("detach_reset", detach);
          cases.add(shaped);
          cases.add(withState(shaped).withGradients(SPIKES).with("tie", "gt"));
        }
      }
    }
    for (Surrogate surrogate : Surrogate.values()) {
      for (String alpha : List.of("2.0", "0.7")) {
        cases.add(one.with("surrogate", surrogate.label()).with("alpha", alpha));
      }
    }
    MatrixCase sequence = one.with("store_v_sequence", "true");
    cases.add(sequence.withGradients(Set.of("v_sequence")));
    cases.add(sequence.withGradients(Set.of("v_sequence", "spikes", "v")).with("v_reset", "none"));
    cases.add(sequence.withGradients(Set.of()));
    if (!adaptive) {
      cases.add(neuron(operator, 4, 2, 9).with("tie", "gt").filled(Fill.TIES));
    }
    cases.add(one.with("spike_format", "bits"));
    cases.add(neuron(operator, 3, 2, 70).with("spike_format", "bits"));
    if (adaptive) {
      MatrixCase learned = one.input("rho", 1).input("beta", 1).input("v_threshold", 1);
      for (String reset : List.of("0.0", "none")) {
        cases.add(withState(learned).with("v_reset", reset));
        cases.add(one.with("rho", "0.5").with("beta", "0.75").with("v_reset", reset));
        cases.add(one.with("rho", "0").with("beta", "0").with("v_reset", reset));
        cases.add(one.withGradients(Set.of("b")).with("v_reset", reset).with("beta", "-0.3"));
      }
    }
    if (filtered) {
      cases.add(one.with("fourier", "false"));
    }
    if (!operator.equals("plif")) {
      cases.add(one.with("tau", "3.7"));
      cases.add(withState(one).with("tau", "1.0").with("v_reset", "none"));
    }
    // The last two are those that are filled with special values too.
    cases.add(neuron(operator, 5, 3, 7).with("v_reset", "none"));
    cases.add(neuron(operator, 4, 2, 9));
    return cases;
  }

  private static List<MatrixCase> filter() {
    List<MatrixCase> cases = new ArrayList<>();
    long[][] shapes = {
      {1, 1}, {2, 3}, {3, 2, 1}, {4, 0}, {5, 2, 2, 7}, {8, 3, 33}, {7, 20, 5}, {6, 2, 259}, {16, 4}
    };
    for (long[] shape : shapes) {
      long most = shape[0] / 2 + 1;
      for (long modes : new long[] {1, (most + 1) / 2, most}) {
        cases.add(
            MatrixCase.of("fourier_filter", Set.of("y"), 1)
                .input("x", shape)
                .input("gain_re", modes, shape[shape.length - 1])
                .input("gain_im", modes, shape[shape.length - 1]));
      }
    }
    return cases;
  }

  private static List<MatrixCase> pack() {
    List<MatrixCase> cases = new ArrayList<>();
    for (long[] shape :
        new long[][] {{0}, {1}, {31}, {32}, {33}, {3, 0}, {2, 3, 65}, {5, 300}, {4, 64}, {2, 7}}) {
      cases.add(MatrixCase.of("spike_pack", Set.of(), 1).input("spikes", shape));
    }
    return cases;
  }

  private static List<MatrixCase> unpack() {
    List<MatrixCase> cases = new ArrayList<>();
    for (long columns : new long[] {0, 1, 31, 32, 33, 64, 65, 300}) {
      long words = (columns + 31) / 32;
      for (String dtype : List.of("fp32", "bf16", "fp16")) {
        MatrixCase one = MatrixCase.of("spike_unpack", Set.of(), 1).with("n", "" + columns);
        cases.add(one.input("bits", words).with("dtype", dtype));
        cases.add(one.input("bits", 3, 2, words).with("dtype", dtype));
      }
    }
    return cases;
  }

  private static List<MatrixCase> linear() {
    List<MatrixCase> cases = new ArrayList<>();
    // Rows, spikes of a row, outputs.
    long[][] sizes = {
      {0, 5, 3},
      {1, 1, 1},
      {3, 31, 2},
      {5, 32, 7},
      {4, 33, 65},
      {2, 130, 129},
      {9, 300, 5},
      {7, 70, 33}
    };
    for (long[] size : sizes) {
      MatrixCase one =
          MatrixCase.of("spike_linear", Set.of("y"), 1)
              .input("bits", 2, size[0], (size[1] + 31) / 32)
              .input("weight", size[2], size[1]);
      cases.add(one.input("bias", size[2]));
      cases.add(one);
      cases.add(one.withGradients(Set.of()));
    }
    return cases;
  }

  private static List<MatrixCase> integrate() {
    List<MatrixCase> cases = new ArrayList<>();
    for (long[] shape :
        new long[][] {{0, 3}, {1, 1}, {4}, {4, 0}, {3, 2, 5}, {9, 257}, {5, 600}, {6, 33}}) {
      for (String decay : List.of("true", "false")) {
        cases.add(
            MatrixCase.of("leaky_integrate", Set.of("v"), 1)
                .input("x", shape)
                .with("decay_input", decay)
                .with("tau", "2.5"));
      }
    }
    return cases;
  }
}
