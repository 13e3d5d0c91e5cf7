package dev.nacelle.spiking;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.function.CrossEntropy;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * Whole spiking networks, forward and back through time, against LibTorch's autograd in fp64; and
 * steps one by one against the sequence.
 */
final class SpikingGradientTest {
  private static final long SEED = 6_20261128;
  private static final int CASES = 40;

  private final List<String> failures = new ArrayList<>();
  private int compared;
  private int zero;

  @Test
  void cpuKernelsAgreeWithAutograd() {
    holdAgainstAutograd("cpu", Kernels.open(2, null));
  }

  @Test
  void referenceKernelsAgreeWithAutograd() {
    holdAgainstAutograd("reference", Kernels.reference());
  }

  private void holdAgainstAutograd(String label, KernelSet kernels) {
    List<SpikingCase> cases = new SpikingCases(SEED).all();
    assertEquals(CASES, cases.size());
    try (Engine engine = new Engine(kernels, new Allocator())) {
      for (SpikingCase point : cases) {
        try (SpikingModel model = point.build(engine)) {
          shake(model);
          TorchSpiking want = new TorchSpiking(point, values(model), shapes(model));
          for (int pass = 1; pass <= 2; pass++) {
            run(label + " " + point + " pass " + pass, point, model, engine, want, pass);
          }
        }
        assertEquals(0, engine.ledger().live(), () -> point + " left bytes");
      }
    }
    System.out.println(
        "spiking networks: "
            + CASES
            + " cases, "
            + compared
            + " tensors compared on "
            + label
            + ", seed "
            + SEED);
    assertTrue(
        failures.isEmpty(), () -> failures.size() + " failed:\n" + String.join("\n", failures));
    assertEquals(944, compared, "tensors");
    assertTrue(zero <= compared / 50, zero + " of the tensors were all zeros: nothing was shown");
  }

  /** Gains that are no ones, and scalars that are not where they began. */
  private static void shake(SpikingModel model) {
    int k = 0;
    for (Parameter p : model.parameters()) {
      if (p.name().contains("gain")) {
        float[] values = p.value().toFloats();
        for (int i = 0; i < values.length; i++) {
          values[i] += (float) (0.3 * Math.sin(1.7 * i + k));
        }
        p.value().fill(values);
        k++;
      }
    }
  }

  private static Map<String, float[]> values(SpikingModel model) {
    Map<String, float[]> all = new LinkedHashMap<>();
    model.parameters().forEach(p -> all.put(p.name(), p.value().toFloats()));
    return all;
  }

  private static Map<String, long[]> shapes(SpikingModel model) {
    Map<String, long[]> all = new LinkedHashMap<>();
    model.parameters().forEach(p -> all.put(p.name(), p.value().shape()));
    return all;
  }

  /** A second pass without a release adds to what is there. */
  private void run(
      String where,
      SpikingCase point,
      SpikingModel model,
      Engine engine,
      TorchSpiking want,
      int pass) {
    try (Tape tape = engine.record()) {
      Tensor x =
          tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, point.x(), point.xShape()));
      Input probe = new Input();
      tape.watch(x);
      Tensor seen = tape.apply(probe, x);
      Tensor scores = model.forward(tape, seen, point.steps(), null);
      hold(where + " scores", scores.toFloats(), want.scores, 1);
      Tensor losses = loss(tape, engine, scores, point.targets());
      hold(where + " losses", losses.toFloats(), want.losses, 1);
      tape.backward(losses);
      hold(where + " gradient of x", probe.gradient, want.gradX, 1);
    }
    for (Parameter p : model.parameters()) {
      Tensor g = p.gradient();
      assertNotNull(g, () -> where + " has no gradient of " + p.name());
      hold(
          where + " gradient of " + p.name(),
          g.toFloats(),
          Objects.requireNonNull(want.gradients.get(p.name())),
          pass);
    }
    if (pass == 2) {
      model.parameters().forEach(Parameter::releaseGradient);
    }
  }

  private static Tensor loss(Tape tape, Engine engine, Tensor scores, int[] targets) {
    int classes = (int) scores.size(1);
    float[] identity = new float[classes * classes];
    for (int i = 0; i < classes; i++) {
      identity[i * classes + i] = 1;
    }
    Tensor eye = tape.own(engine.allocator().of(LedgerClass.WORKSPACE, identity, classes, classes));
    Tensor labels = tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, targets));
    return tape.apply(new CrossEntropy(eye, labels, 1f / targets.length, null), scores);
  }

  /** Passes its input on and keeps the gradient that comes back. */
  private static final class Input implements Function {
    private float[] gradient = new float[0];

    @Override
    public Tensor forward(dev.nacelle.tape.Context context, Tensor... inputs) {
      return inputs[0].alias();
    }

    @Override
    public void backward(dev.nacelle.tape.Context context, Tensor gradOutput, Gradients gradients) {
      gradient = gradOutput.toFloats();
    }
  }

  private void hold(String where, float[] got, double[] want, double factor) {
    compared++;
    assertEquals(want.length, got.length, where);
    double largest = 0;
    double worst = 0;
    for (int i = 0; i < want.length; i++) {
      double off = Math.abs(got[i] - factor * want[i]);
      largest = Math.max(largest, Math.abs(factor * want[i]));
      worst = Double.isNaN(off) ? Double.POSITIVE_INFINITY : Math.max(worst, off);
    }
    zero += largest == 0 ? 1 : 0;
    if (!(worst <= 3e-5 * largest + 2e-6)) {
      failures.add(where + ": off by " + worst + " where the largest is " + largest);
    }
  }

  /** Step by step as at once: scores and, through the state, every gradient. */
  @Test
  void stepsGiveWhatTheSequenceGives() {
    assertEquals(8, holdSteps(Kernels.reference()), "cases on the reference");
    assertEquals(8, holdSteps(Kernels.open(2, null)), "cases on the C kernels");
  }

  private static int holdSteps(KernelSet kernels) {
    int held = 0;
    try (Engine engine = new Engine(kernels, new Allocator())) {
      for (SpikingCase point : new SpikingCases(SEED + 1).all()) {
        boolean filters =
            point.layers().stream()
                .anyMatch(l -> l instanceof SpikingCase.Cells c && c.modes() > 0);
        if (filters || point.bits() || point.xShape().length == 2) {
          continue;
        }
        try (SpikingModel model = point.build(engine)) {
          Map<String, float[]> atOnce = new LinkedHashMap<>();
          float[] scores = sequence(point, model, engine, atOnce);
          Map<String, float[]> oneByOne = new LinkedHashMap<>();
          near(point + " scores", scores, steps(point, model, engine, oneByOne));
          assertEquals(atOnce.keySet(), oneByOne.keySet());
          atOnce.forEach(
              (name, g) -> near(point + " " + name, g, Objects.requireNonNull(oneByOne.get(name))));
          streaming(point, model, engine, scores);
        }
        assertEquals(0, engine.ledger().live(), () -> point + " left bytes");
        held++;
      }
    }
    return held;
  }

  /** Without products, whose sums depend on how many rows there are, the same bits. */
  @Test
  void neuronsAndIntegratorsStepToTheSameBits() {
    int held = 0;
    try (Engine engine = new Engine(Kernels.open(2, null), new Allocator())) {
      for (SpikingCase point : new SpikingCases(SEED + 2).all()) {
        for (SpikingCase.Layer layer : point.layers()) {
          boolean filters = layer instanceof SpikingCase.Cells c && c.modes() > 0;
          if (layer instanceof SpikingCase.Dense || filters || point.xShape().length == 2) {
            continue;
          }
          SpikingCase alone =
              new SpikingCase(
                  point + " alone",
                  point.inputs(),
                  point.steps(),
                  List.of(layer),
                  false,
                  point.x(),
                  point.xShape(),
                  point.targets());
          try (SpikingModel model = alone.build(engine);
              Tape tape = engine.forwardOnly()) {
            Tensor x =
                tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, point.x(), point.xShape()));
            float[] atOnce = model.layers().getFirst().sequence(tape, x).toFloats();
            int n = atOnce.length / point.steps();
            for (int t = 0; t < point.steps(); t++) {
              float[] one = Arrays.copyOfRange(point.x(), t * n, (t + 1) * n);
              Tensor xt =
                  tape.own(
                      engine
                          .allocator()
                          .of(LedgerClass.ACTIVATIONS, one, n / point.inputs(), point.inputs()));
              assertArrayEquals(
                  Arrays.copyOfRange(atOnce, t * n, (t + 1) * n),
                  model.step(tape, xt).toFloats(),
                  alone + " step " + t);
            }
          }
          held++;
        }
      }
    }
    assertEquals(52, held, "layers");
  }

  private static float[] sequence(
      SpikingCase point, SpikingModel model, Engine engine, Map<String, float[]> gradients) {
    try (Tape tape = engine.record()) {
      Tensor x =
          tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, point.x(), point.xShape()));
      Tensor scores = model.sequence(tape, x, null);
      float[] found = scores.toFloats();
      tape.backward(loss(tape, engine, scores, point.targets()));
      take(model, gradients);
      return found;
    }
  }

  private static float[] steps(
      SpikingCase point, SpikingModel model, Engine engine, Map<String, float[]> gradients) {
    int rows = point.targets().length * point.inputs();
    try (Tape tape = engine.record()) {
      Tensor total = null;
      for (int t = 0; t < point.steps(); t++) {
        float[] one = Arrays.copyOfRange(point.x(), t * rows, (t + 1) * rows);
        Tensor x =
            tape.own(
                engine
                    .allocator()
                    .of(LedgerClass.ACTIVATIONS, one, point.targets().length, point.inputs()));
        Tensor y = model.step(tape, x);
        total = total == null ? y : tape.apply(new Plus(), total, y);
      }
      assertNotNull(total);
      Tensor mean = tape.apply(new Plus.Share(1f / point.steps()), total);
      float[] scores = mean.toFloats();
      tape.backward(loss(tape, engine, mean, point.targets()));
      take(model, gradients);
      model.reset();
      return scores;
    }
  }

  /** A tape a step, as a stream without an end goes. */
  private static void streaming(
      SpikingCase point, SpikingModel model, Engine engine, float[] scores) {
    int rows = point.targets().length * point.inputs();
    for (int round = 0; round < 2; round++) {
      float[] mean = new float[scores.length];
      for (int t = 0; t < point.steps(); t++) {
        float[] one = Arrays.copyOfRange(point.x(), t * rows, (t + 1) * rows);
        try (Tape tape = engine.forwardOnly()) {
          Tensor x =
              tape.own(
                  engine
                      .allocator()
                      .of(LedgerClass.ACTIVATIONS, one, point.targets().length, point.inputs()));
          float[] y = model.step(tape, x).toFloats();
          for (int i = 0; i < y.length; i++) {
            mean[i] += y[i];
          }
        }
      }
      for (int i = 0; i < mean.length; i++) {
        mean[i] *= 1f / point.steps();
      }
      near(point + " streaming, round " + round, scores, mean);
      model.reset();
    }
  }

  private static void take(SpikingModel model, Map<String, float[]> gradients) {
    for (Parameter p : model.parameters()) {
      Tensor g = p.gradient();
      assertNotNull(g, p.name());
      gradients.put(p.name(), g.toFloats());
      p.releaseGradient();
    }
  }

  private static void near(String where, float[] want, float[] got) {
    assertEquals(want.length, got.length, where);
    float largest = 0;
    for (float w : want) {
      largest = Math.max(largest, Math.abs(w));
    }
    for (int i = 0; i < want.length; i++) {
      assertEquals(want[i], got[i], 2e-6f * largest + 1e-8f, where + "[" + i + "]");
    }
  }
}
