package dev.nacelle.spiking;

import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;

/** One layer of a spiking network. Its outputs belong to the tape's current frame. */
public sealed interface SpikingLayer extends AutoCloseable
    permits DenseLayer, NeuronLayer, IntegratorLayer {
  /** What parameters and records call it: {@code 0}, {@code 1} … */
  String name();

  /** Outputs of one neuron-step: N of (T, B, N). */
  long outputs();

  /**
   * A whole sequence, from rest and without touching the state.
   *
   * @param x (T, B, N), or spikes as bits (T, B, ⌈N/32⌉) where the layer in front gives them
   * @return (T, B, {@link #outputs}), or bits
   */
  Tensor sequence(Tape tape, Tensor x);

  /**
   * One time step from the state that the last one left; the first begins at rest. On a recording
   * tape the state stays on the tape: several steps on one tape train as a sequence does.
   *
   * @param x (B, N)
   * @return (B, {@link #outputs})
   * @throws IllegalArgumentException where the state belongs to another batch size
   * @throws IllegalStateException for a layer that needs the whole sequence
   */
  Tensor step(Tape tape, Tensor x);

  /** Forgets the state: the next step begins at rest. */
  void reset();

  /** What trains. */
  List<Parameter> parameters();

  /** Gives state and parameters back. */
  @Override
  void close();
}
