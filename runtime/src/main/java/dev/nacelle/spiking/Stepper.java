package dev.nacelle.spiking;

import dev.nacelle.function.NeuronParameters;
import dev.nacelle.function.NeuronStep;
import dev.nacelle.function.StateRows;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;

/** Neurons that go one time step at a time and keep their state between calls. */
final class Stepper {
  private final NeuronParameters neurons;
  private final boolean adaptive;
  private final HeldState held = new HeldState();

  /**
   * @param adaptive whether the adaptation is part of the state
   */
  Stepper(NeuronParameters neurons, boolean adaptive) {
    this.neurons = neurons;
    this.adaptive = adaptive;
  }

  /**
   * What one step gives.
   *
   * @param spikes (B, N)
   * @param state (S, B, N) after the step
   */
  record Outcome(Tensor spikes, Tensor state) {}

  Outcome step(Tape tape, Tensor x) {
    Tensor before = held.get(tape, x.shape());
    if (before == null) {
      before = tape.own(rest(tape, x));
    }
    Tensor packed = tape.apply(new NeuronStep(neurons), neurons.trains(), x, before);
    Tensor spikes = tape.apply(new StateRows(0, 1, true), packed);
    Tensor after = tape.apply(new StateRows(1, packed.size(0), false), packed);
    held.set(tape, after, x.shape());
    return new Outcome(spikes, after);
  }

  private Tensor rest(Tape tape, Tensor x) {
    long[] shape = new long[x.rank() + 1];
    shape[0] = adaptive ? 2 : 1;
    System.arraycopy(x.shape(), 0, shape, 1, x.rank());
    Tensor state = tape.allocator().allocate(LedgerClass.ACTIVATIONS, DType.FP32, shape);
    float[] values = new float[Math.toIntExact(state.elements())];
    Arrays.fill(values, 0, Math.toIntExact(x.elements()), neurons.fixed().rest());
    return state.fill(values);
  }

  void reset() {
    held.clear();
  }
}
