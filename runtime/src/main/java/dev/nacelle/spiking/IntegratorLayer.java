package dev.nacelle.spiking;

import dev.nacelle.function.LeakyReadout;
import dev.nacelle.function.NeuronParameters;
import dev.nacelle.function.StateRows;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Surrogate;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;

/** A leaky integrator without spikes, for reading out: (T, B, N) → the membrane at every step. */
public final class IntegratorLayer implements SpikingLayer {
  private final String name;
  private final long outputs;
  private final float tau;
  private final boolean decayInput;
  private final Stepper stepper;

  /**
   * @param tau above 0
   * @param decayInput whether the input is scaled by 1/τ as the leak is
   */
  public IntegratorLayer(String name, long outputs, float tau, boolean decayInput) {
    this.name = name;
    this.outputs = outputs;
    this.tau = tau;
    this.decayInput = decayInput;
    // A neuron that no membrane makes fire integrates and nothing else.
    NeuronOptions never =
        new NeuronOptions(
            tau,
            false,
            decayInput,
            Float.POSITIVE_INFINITY,
            0f,
            0,
            0,
            true,
            Surrogate.RECT,
            1,
            true);
    stepper = new Stepper(NeuronParameters.fixed(never), false);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long outputs() {
    return outputs;
  }

  @Override
  public Tensor sequence(Tape tape, Tensor x) {
    return tape.apply(new LeakyReadout(tau, decayInput), x);
  }

  @Override
  public Tensor step(Tape tape, Tensor x) {
    return tape.apply(new StateRows(0, 1, true), stepper.step(tape, x).state());
  }

  @Override
  public void reset() {
    stepper.reset();
  }

  @Override
  public List<Parameter> parameters() {
    return List.of();
  }

  @Override
  public void close() {
    reset();
  }
}
