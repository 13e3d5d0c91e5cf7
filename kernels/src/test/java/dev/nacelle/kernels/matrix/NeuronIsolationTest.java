package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the neurons promise beyond the matrix: a bad value stays in its neuron; kinds agree. */
final class NeuronIsolationTest {
  private static final long SEED = 17;
  private static final int STEPS = 6;
  private static final int NEURONS = 300;

  private final List<NativeBuffer> results = new ArrayList<>();

  private static List<KernelSet> sets() {
    List<KernelSet> sets = new ArrayList<>();
    sets.add(Kernels.reference());
    for (KernelLibrary library : Levels.here()) {
      sets.add(new CpuKernelSet(library));
    }
    return sets;
  }

  private Map<String, Operand> run(
      KernelSet set, String name, Map<String, Operand> inputs, Map<String, String> attributes) {
    return CpuRun.of(set, name, inputs, attributes, results);
  }

  @AfterEach
  void close() {
    results.forEach(NativeBuffer::close);
    results.clear();
  }

  private static Map<String, Operand> inputs(Samples samples, String name, DType dtype) {
    Map<String, Operand> in = new LinkedHashMap<>();
    in.put("x", samples.normal(dtype, 0, STEPS, NEURONS));
    in.put("grad_spikes", samples.normal(dtype, 0, STEPS, NEURONS));
    in.put("grad_v", samples.normal(DType.FP32, 0, NEURONS));
    if (name.equals("plif")) {
      in.put("w", samples.normal(DType.FP32, 0, 1));
    }
    if (name.equals("fa_lif")) {
      in.put("gain_re", samples.normal(DType.FP32, 0, 3, NEURONS));
      in.put("gain_im", samples.normal(DType.FP32, 0, 3, NEURONS));
    }
    return in;
  }

  @Test
  void whatIsNotFiniteStaysInItsNeuron() {
    int compared = 0;
    int[] poisoned = {3, 7, 150, NEURONS - 1};
    double[] poisons = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    for (KernelSet set : sets()) {
      for (String name : List.of("lif", "plif", "alif", "fa_lif")) {
        for (DType dtype : Samples.COMPUTE) {
          try (Samples samples = new Samples(SEED)) {
            Map<String, Operand> in = inputs(samples, name, dtype);
            Map<String, Operand> clean = run(set, name, in, Map.of());
            Operand x = samples.copy(Objects.requireNonNull(in.get("x")));
            for (int i = 0; i < poisoned.length; i++) {
              Elements.set(x, (i % STEPS) * (long) NEURONS + poisoned[i], poisons[i % 3]);
            }
            in.put("x", x);
            Map<String, Operand> dirty = run(set, name, in, Map.of());
            for (String tensor : List.of("spikes", "v", "grad_x")) {
              compared +=
                  others(
                      name + " " + tensor,
                      Objects.requireNonNull(clean.get(tensor)),
                      Objects.requireNonNull(dirty.get(tensor)),
                      poisoned);
            }
          }
        }
      }
    }
    System.out.println("neuron isolation: " + compared + " elements compared, seed " + SEED);
    assertTrue(compared > 100_000, "only a part ran");
  }

  /** Holds every neuron that was not poisoned against the clean run, bit by bit. */
  private static int others(String where, Operand clean, Operand dirty, int[] poisoned) {
    int compared = 0;
    for (long i = 0; i < clean.elements(); i++) {
      long neuron = i % NEURONS;
      if (java.util.Arrays.stream(poisoned).noneMatch(p -> p == neuron)) {
        assertEquals(Elements.get(clean, i), Elements.get(dirty, i), where);
        compared++;
      }
    }
    return compared;
  }

  @Test
  void withoutFilterAndAdaptationTheAdaptiveKindIsLif() {
    for (KernelSet set : sets()) {
      for (DType dtype : Samples.COMPUTE) {
        for (String reset : List.of("0.0", "none", "-0.5")) {
          try (Samples samples = new Samples(SEED)) {
            Map<String, Operand> in = inputs(samples, "lif", dtype);
            Map<String, String> with = Map.of("v_reset", reset, "surrogate", "erf");
            Map<String, String> plain = new LinkedHashMap<>(with);
            plain.put("fourier", "false");
            plain.put("beta", "0");
            Map<String, Operand> lif = run(set, "lif", in, with);
            Map<String, Operand> adaptive = run(set, "fa_lif", in, plain);
            for (String tensor : List.of("spikes", "v", "grad_x")) {
              String bits =
                  Comparison.bits(
                      Objects.requireNonNull(adaptive.get(tensor)),
                      Objects.requireNonNull(lif.get(tensor)));
              assertEquals("", bits, set.isaLevel() + " " + tensor);
            }
          }
        }
      }
    }
  }

  @Test
  void aStepAtATimeIsTheWholeSequence() {
    for (KernelSet set : sets()) {
      try (Samples samples = new Samples(SEED)) {
        Map<String, Operand> in = new LinkedHashMap<>();
        Operand x = samples.normal(DType.FP32, 0, STEPS, NEURONS);
        in.put("x", x);
        Map<String, Operand> whole = run(set, "alif", in, Map.of());
        Operand v = null;
        Operand b = null;
        for (int t = 0; t < STEPS; t++) {
          in.put("x", x.rows(t, t + 1));
          if (v != null && b != null) {
            in.put("v0", v);
            in.put("b0", b);
          }
          Map<String, Operand> one = run(set, "alif", in, Map.of());
          v = Objects.requireNonNull(one.get("v"));
          b = Objects.requireNonNull(one.get("b"));
          Operand spikes = Objects.requireNonNull(whole.get("spikes"));
          String bits =
              Comparison.bits(Objects.requireNonNull(one.get("spikes")), spikes.rows(t, t + 1));
          assertEquals("", bits, "step " + t);
        }
        assertEquals(
            "", Comparison.bits(Objects.requireNonNull(v), Objects.requireNonNull(whole.get("v"))));
      }
    }
  }
}
