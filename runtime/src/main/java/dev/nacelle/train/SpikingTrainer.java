package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.function.CrossEntropy;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.spiking.SpikingModel;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;

/**
 * Trains a spiking network to name classes: softmax cross-entropy of its scores, the mean over the
 * batch, back through time, AdamW.
 */
public final class SpikingTrainer implements AutoCloseable {
  private final Engine engine;
  private final SpikingModel model;
  private final double clip;
  private final Optimizer optimizer;
  private final Tensor identity;
  private long steps;

  /**
   * @param clip the largest norm of all gradients together; 0 for any
   */
  public SpikingTrainer(Engine engine, SpikingModel model, AdamSettings settings, double clip) {
    this.engine = engine;
    this.model = model;
    this.clip = clip;
    optimizer = Optimizer.ofOneRate(engine, settings, model.parameters());
    identity = identity(model.outputs());
  }

  // The fused head multiplies its rows with a matrix first. Scores are logits already: times one.
  private Tensor identity(long classes) {
    int n = Math.toIntExact(classes);
    float[] values = new float[n * n];
    for (int i = 0; i < n; i++) {
      values[i * n + i] = 1;
    }
    try {
      return engine.allocator().of(LedgerClass.WORKSPACE, values, n, n);
    } catch (RuntimeException e) {
      optimizer.close();
      throw e;
    }
  }

  /**
   * One step of the optimiser.
   *
   * @param x (B, N) to be seen at each of {@code timeSteps}, or (T, B, N)
   * @param targets one class a sample, from 0
   * @return the mean loss before the step
   * @throws NacelleException of kind INPUT for a class that the network does not have; INTERNAL
   *     where the loss or a gradient is not finite: the parameters then keep their values
   */
  public double step(Tensor x, long timeSteps, int[] targets, double rate) {
    for (int i = 0; i < targets.length; i++) {
      if (targets[i] < 0 || targets[i] >= model.outputs()) {
        throw NacelleException.input(
            "sample " + i + " is of class " + targets[i],
            "the network has classes 0 to " + (model.outputs() - 1));
      }
    }
    double loss = 0;
    try (Tape tape = engine.record()) {
      Tensor scores = model.forward(tape, x, timeSteps, null);
      Tensor classes = tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, targets));
      Tensor losses =
          tape.apply(new CrossEntropy(identity, classes, 1f / targets.length, null), scores);
      for (float l : losses.toFloats()) {
        loss += l;
      }
      loss /= targets.length;
      hold("loss", loss);
      tape.backward(losses);
      hold("gradients' norm", optimizer.clip(clip));
      optimizer.step(++steps, rate);
    } finally {
      optimizer.releaseGradients();
    }
    return loss;
  }

  /** A neuron keeps what is not finite to itself: the loss may look well where gradients do not. */
  private void hold(String what, double value) {
    if (!Double.isFinite(value)) {
      throw new NacelleException(
          NacelleException.Kind.INTERNAL,
          "the " + what + " of step " + (steps + 1) + " is " + value,
          "look for values that are not finite in the input, or use a smaller learning rate");
    }
  }

  /** Steps taken. */
  public long steps() {
    return steps;
  }

  @Override
  public void close() {
    identity.release();
    optimizer.close();
  }
}
