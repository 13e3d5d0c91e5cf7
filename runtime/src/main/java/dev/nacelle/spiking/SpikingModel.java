package dev.nacelle.spiking;

import dev.nacelle.function.MeanOverTime;
import dev.nacelle.function.RepeatInTime;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Layers one behind the other. What the last one gives is averaged over time into scores (B, C).
 */
public final class SpikingModel implements AutoCloseable {
  private final List<SpikingLayer> layers;

  /** Takes the layers over. */
  public SpikingModel(List<SpikingLayer> layers) {
    this.layers = List.copyOf(layers);
  }

  public List<SpikingLayer> layers() {
    return layers;
  }

  /** What trains, in the order of the layers. */
  public List<Parameter> parameters() {
    return layers.stream().flatMap(l -> l.parameters().stream()).toList();
  }

  /** Scores: C of (B, C). */
  public long outputs() {
    return layers.getLast().outputs();
  }

  /** Hears what layers give while a sequence runs. */
  public interface Listener {
    /**
     * @param spikes (T, B, N), or bits; to be read until the call returns
     */
    void heard(NeuronLayer layer, Tensor spikes);
  }

  /**
   * Scores (B, C) of x (T, B, N), a sequence, or of x (B, N), the same at each of {@code steps}.
   *
   * @param listener or null
   */
  public Tensor forward(Tape tape, Tensor x, long steps, @Nullable Listener listener) {
    return x.rank() == 3 ? sequence(tape, x, listener) : constant(tape, x, steps, listener);
  }

  /**
   * A sequence of inputs, x (T, B, N) fp32, to scores (B, C).
   *
   * @param listener or null
   */
  public Tensor sequence(Tape tape, Tensor x, @Nullable Listener listener) {
    return mean(tape, through(tape, x, layers, listener), x.size(0));
  }

  /**
   * The same input at each of {@code steps} time steps, x (B, N) fp32, to scores (B, C). Dense
   * layers in front of the first neurons are worked out once.
   *
   * @param listener or null
   */
  public Tensor constant(Tape tape, Tensor x, long steps, @Nullable Listener listener) {
    int still = 0;
    while (still < layers.size() && layers.get(still) instanceof DenseLayer) {
      still++;
    }
    Tensor current = through(tape, x, layers.subList(0, still), listener);
    Tensor repeated = tape.apply(new RepeatInTime(steps), current);
    if (current != x) {
      tape.discard(current);
    }
    Tensor y = through(tape, repeated, layers.subList(still, layers.size()), listener);
    if (y != repeated) {
      tape.discard(repeated);
    }
    return mean(tape, y, steps);
  }

  private static Tensor mean(Tape tape, Tensor y, long steps) {
    Tensor scores = tape.apply(new MeanOverTime(steps), y);
    tape.discard(y);
    return scores;
  }

  /** All but the last output goes at once, unless somebody saved it; x stays its owner's. */
  private static Tensor through(
      Tape tape, Tensor x, List<SpikingLayer> some, @Nullable Listener listener) {
    Tensor at = x;
    for (SpikingLayer layer : some) {
      Tensor next = layer.sequence(tape, at);
      if (at != x) {
        tape.discard(at);
      }
      if (listener != null && layer instanceof NeuronLayer neurons) {
        listener.heard(neurons, next);
      }
      at = next;
    }
    return at;
  }

  /**
   * One time step of all layers, x (B, N) fp32, to what the last one gives, (B, C): its mean over
   * the steps, added in order, are the scores of the sequence.
   */
  public Tensor step(Tape tape, Tensor x) {
    Tensor at = x;
    for (SpikingLayer layer : layers) {
      at = layer.step(tape, at);
    }
    return at;
  }

  /** Forgets every layer's state. */
  public void reset() {
    layers.forEach(SpikingLayer::reset);
  }

  @Override
  public void close() {
    layers.forEach(SpikingLayer::close);
  }
}
