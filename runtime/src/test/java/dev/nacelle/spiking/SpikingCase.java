package dev.nacelle.spiking;

import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.tape.Engine;
import java.util.List;

/**
 * A network, told once and worked out by us and by LibTorch.
 *
 * @param xShape (B, N) or (T, B, N)
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SpikingCase(
    String name,
    int inputs,
    int steps,
    List<Layer> layers,
    boolean bits,
    float[] x,
    long[] xShape,
    int[] targets) {
  sealed interface Layer {}

  record Dense(int outputs) implements Layer {}

  record Cells(NeuronOptions options, SpikingBuilder.Trained trained, int modes) implements Layer {}

  record Leak(float tau, boolean decayInput) implements Layer {}

  SpikingModel build(Engine engine) {
    SpikingBuilder builder = new SpikingBuilder(engine, inputs, 5);
    for (int i = 0; i < layers.size(); i++) {
      boolean denseBehind = i + 1 < layers.size() && layers.get(i + 1) instanceof Dense;
      switch (layers.get(i)) {
        case Dense d -> builder.dense(d.outputs());
        case Cells c -> builder.neurons(c.options(), c.trained(), c.modes(), bits && denseBehind);
        case Leak l -> builder.integrator(l.tau(), l.decayInput());
      }
    }
    return builder.build();
  }

  @Override
  public String toString() {
    return name;
  }
}
