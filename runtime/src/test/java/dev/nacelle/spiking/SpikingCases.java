package dev.nacelle.spiking;

import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Surrogate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Every kind of neuron between dense layers, floats and bits, standing inputs and sequences. */
final class SpikingCases {
  private static final SpikingBuilder.Trained NOTHING = new SpikingBuilder.Trained(false, false);
  private static final SpikingBuilder.Trained ADAPTATION = new SpikingBuilder.Trained(false, true);

  private final SplittableRandom random;
  private final List<SpikingCase> cases = new ArrayList<>();

  SpikingCases(long seed) {
    random = new SplittableRandom(seed);
  }

  List<SpikingCase> all() {
    Map<String, SpikingCase.Cells> kinds = new LinkedHashMap<>();
    kinds.put("lif", cells(options(2, false, true, 0f, 0, 0, false, Surrogate.ATAN, 2)));
    kinds.put("lif soft", cells(options(3, false, true, null, 0, 0, false, Surrogate.SIGMOID, 4)));
    kinds.put("lif cut", cells(options(2, false, false, -0.2f, 0, 0, true, Surrogate.ATAN, 3)));
    kinds.put(
        "lif threshold",
        new SpikingCase.Cells(
            options(2, false, true, 0f, 0, 0, false, Surrogate.ERF, 1.5f),
            new SpikingBuilder.Trained(true, false),
            0));
    kinds.put("plif", cells(options(0.4f, true, true, 0f, 0, 0, false, Surrogate.ATAN, 2)));
    kinds.put(
        "plif soft", cells(options(-0.3f, true, false, null, 0, 0, true, Surrogate.SIGMOID, 4)));
    NeuronOptions adaptive = options(2, false, true, 0f, 0.8f, 0.7f, false, Surrogate.ATAN, 2);
    NeuronOptions softly = options(2, false, false, null, 0.6f, 0.9f, false, Surrogate.ATAN, 2);
    kinds.put("alif", new SpikingCase.Cells(adaptive, ADAPTATION, 0));
    kinds.put(
        "alif soft", new SpikingCase.Cells(softly, new SpikingBuilder.Trained(true, true), 0));
    kinds.put("falif", new SpikingCase.Cells(adaptive, ADAPTATION, 3));
    kinds.put("filtered lif", cells(kinds.get("lif").options(), 4));
    kinds.forEach(
        (name, cells) -> {
          for (boolean bits : new boolean[] {false, true}) {
            for (boolean sequence : new boolean[] {false, true}) {
              add(name, cells, bits, sequence);
            }
          }
        });
    return cases;
  }

  private static SpikingCase.Cells cells(NeuronOptions options) {
    return cells(options, 0);
  }

  private static SpikingCase.Cells cells(NeuronOptions options, int modes) {
    return new SpikingCase.Cells(options, NOTHING, modes);
  }

  private static NeuronOptions options(
      float leak,
      boolean learned,
      boolean decayInput,
      @Nullable Float reset,
      float rho,
      float beta,
      boolean detach,
      Surrogate surrogate,
      float alpha) {
    return new NeuronOptions(
        leak, learned, decayInput, 0.3f, reset, rho, beta, detach, surrogate, alpha, true);
  }

  private void add(String name, SpikingCase.Cells cells, boolean bits, boolean sequence) {
    int steps = 7;
    int batch = 1 + random.nextInt(5);
    int inputs = 1 + random.nextInt(9);
    int hidden = 30 + random.nextInt(40);
    int classes = 2 + random.nextInt(4);
    List<SpikingCase.Layer> layers = new ArrayList<>();
    layers.add(new SpikingCase.Dense(hidden));
    layers.add(cells);
    layers.add(new SpikingCase.Dense(hidden / 2));
    layers.add(cells);
    layers.add(new SpikingCase.Dense(classes));
    if (sequence) {
      layers.add(new SpikingCase.Leak(2.5f, bits));
    }
    float[] x = new float[(sequence ? steps : 1) * batch * inputs];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble(-2, 3);
    }
    long[] shape = sequence ? new long[] {steps, batch, inputs} : new long[] {batch, inputs};
    int[] targets = new int[batch];
    for (int i = 0; i < batch; i++) {
      targets[i] = random.nextInt(classes);
    }
    String label = name + (bits ? " bits" : " floats") + (sequence ? " sequence" : " standing");
    cases.add(new SpikingCase(label, inputs, steps, layers, bits, x, shape, targets));
  }
}
