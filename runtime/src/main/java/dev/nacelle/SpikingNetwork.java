package dev.nacelle;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.Ledger;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.spiking.SpikeRecorder;
import dev.nacelle.spiking.SpikingModel;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.SpikingTrainer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A spiking network with its parameters. Inputs are fp32: (B, N), shown at every one of the
 * description's steps, or (T, B, N), a sequence. It runs over whole sequences, or one time step at
 * a time with state in between; both give the same.
 *
 * <p>Safe for several threads, one call at a time: a second call waits for the first.
 */
public final class SpikingNetwork implements AutoCloseable {
  private final Nacelle owner;
  private final SpikingDescription description;
  private final Engine engine;
  private final SpikingModel model;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable SpikingTrainer trainer;
  private SpikingTraining training = SpikingTraining.DEFAULT;
  private boolean closed;

  SpikingNetwork(Nacelle owner, SpikingDescription description, KernelSet kernels) {
    this.owner = owner;
    this.description = description;
    engine = new Engine(kernels, new Allocator());
    try {
      model = description.make(engine);
    } catch (RuntimeException e) {
      engine.close();
      throw e;
    }
  }

  /** What it was made from. */
  public SpikingDescription description() {
    return description;
  }

  /** Classes: C of (B, C). */
  public int outputs() {
    return Math.toIntExact(model.outputs());
  }

  /**
   * The mean over time of what the last layer gives: (B, C).
   *
   * @throws NacelleException of kind INPUT for a wrong shape or type; BUDGET where the memory does
   *     not suffice; USAGE where the network is closed
   */
  public TensorData scores(TensorData x) {
    return exclusively(() -> run(x, null));
  }

  /** The class with the highest score of each sample; the lowest of several such. */
  public int[] classify(TensorData x) {
    TensorData scores = scores(x);
    float[] values = scores.toFloats();
    int classes = outputs();
    int[] best = new int[values.length / classes];
    for (int i = 0; i < best.length; i++) {
      for (int c = 1; c < classes; c++) {
        if (values[i * classes + c] > values[i * classes + best[i]]) {
          best[i] = c;
        }
      }
    }
    return best;
  }

  /** Who fires when in each layer of neurons while a batch goes through. */
  public List<SpikeRecord> record(TensorData x) {
    return exclusively(
        () -> {
          SpikeRecorder recorder = new SpikeRecorder();
          run(x, recorder);
          return SpikeRecord.of(recorder.layers());
        });
  }

  private TensorData run(TensorData x, SpikingModel.@Nullable Listener listener) {
    try (Tape tape = engine.forwardOnly()) {
      Tensor input = tape.own(copyIn(x, 2, 3));
      return copyOut(model.forward(tape, input, description.steps(), listener));
    }
  }

  /**
   * One time step from the state that the last one left.
   *
   * @param x (B, N), the input of this step
   * @return what the last layer gives at this step, (B, C); the mean over the steps are the scores
   * @throws NacelleException of kind INPUT for a wrong shape, or another batch than the state's;
   *     USAGE for a network with a filter over time, which needs whole sequences
   */
  public TensorData step(TensorData x) {
    return exclusively(
        () -> {
          try (Tape tape = engine.forwardOnly()) {
            Tensor input = tape.own(copyIn(x, 2, 2));
            return copyOut(model.step(tape, input));
          } catch (IllegalArgumentException e) {
            throw new NacelleException(
                NacelleException.Kind.INPUT, String.valueOf(e.getMessage()), "call reset", e);
          } catch (IllegalStateException e) {
            throw new NacelleException(
                NacelleException.Kind.USAGE, String.valueOf(e.getMessage()), "call scores", e);
          }
        });
  }

  /** Forgets the state: the next {@link #step} begins at rest. */
  public void reset() {
    exclusively(
        () -> {
          model.reset();
          return true;
        });
  }

  /**
   * Sets AdamW's constants and forgets its moments; before the first {@link #train}, or to begin
   * anew. What holds without a call is {@link SpikingTraining#DEFAULT}.
   */
  public void configure(SpikingTraining settings) {
    exclusively(
        () -> {
          dropTrainer();
          training = settings;
          return true;
        });
  }

  /**
   * One step of AdamW on the softmax cross-entropy of the scores, back through time.
   *
   * @param labels one class a sample, from 0
   * @param rate the learning rate of this step
   * @return the mean loss before the step
   * @throws NacelleException of kind INPUT for a wrong shape or class; BUDGET where the memory does
   *     not suffice; INTERNAL where the loss is not a number
   */
  public double train(TensorData x, int[] labels, double rate) {
    return exclusively(
        () -> {
          long samples = x.shape().length < 2 ? -1 : x.shape()[x.shape().length - 2];
          if (labels.length != samples || labels.length == 0) {
            throw NacelleException.input(
                labels.length + " labels for " + x, "give one for each sample");
          }
          Tensor input = copyIn(x, 2, 3);
          try {
            return trainer().step(input, description.steps(), labels, rate);
          } finally {
            input.release();
          }
        });
  }

  private SpikingTrainer trainer() {
    SpikingTrainer present = trainer;
    if (present == null) {
      AdamSettings adam =
          new AdamSettings(
              training.beta1(), training.beta2(), training.eps(), training.weightDecay(), 1);
      present = new SpikingTrainer(engine, model, adam, training.clip());
      trainer = present;
    }
    return present;
  }

  private void dropTrainer() {
    if (trainer != null) {
      trainer.close();
      trainer = null;
    }
  }

  /** Every parameter under its name, {@code 0.weight} say. */
  public Map<String, TensorData> parameters() {
    return exclusively(
        () -> {
          Map<String, TensorData> all = new LinkedHashMap<>();
          for (Parameter p : model.parameters()) {
            all.put(p.name(), copyOut(p.value()));
          }
          return all;
        });
  }

  /**
   * Takes parameters over from {@link #parameters} of a network of the same description.
   *
   * @throws NacelleException of kind INPUT where one is missing, unknown or of another shape;
   *     nothing has changed then
   */
  public void load(Map<String, TensorData> values) {
    exclusively(
        () -> {
          List<Parameter> own = model.parameters();
          for (Parameter p : own) {
            TensorData value = values.get(p.name());
            if (value == null
                || value.type() != ElementType.FP32
                || !Arrays.equals(value.shape(), p.value().shape())) {
              throw NacelleException.input(
                  p.name() + " is " + p.value() + ", given " + value,
                  "give the parameters of a network of the same description");
            }
          }
          if (values.size() != own.size()) {
            throw NacelleException.input(
                values.size() + " tensors for " + own.size() + " parameters",
                "give those of a network of the same description");
          }
          for (Parameter p : own) {
            p.value().fill(Objects.requireNonNull(values.get(p.name())).toFloats());
          }
          return true;
        });
  }

  private Tensor copyIn(TensorData x, int leastRank, int mostRank) {
    long[] shape = x.shape();
    boolean fits =
        x.type() == ElementType.FP32
            && shape.length >= leastRank
            && shape.length <= mostRank
            && shape[shape.length - 1] == description.inputs()
            && (shape.length == 2 || shape[0] > 0);
    if (!fits) {
      throw NacelleException.input(
          "the input is " + x,
          "give FP32[B, "
              + description.inputs()
              + "]"
              + (mostRank == 3 ? ", or FP32[T, B, " + description.inputs() + "]" : ""));
    }
    Tensor t = engine.allocator().allocate(LedgerClass.ACTIVATIONS, DType.FP32, shape);
    ByteBuffer bytes = x.bytes();
    t.storage().buffer().asByteBuffer(0, bytes.remaining()).put(bytes);
    return t;
  }

  private static TensorData copyOut(Tensor t) {
    return TensorData.ofFloats(t.toFloats(), t.shape());
  }

  Ledger ledger() {
    return engine.ledger();
  }

  private <T> T exclusively(Supplier<T> action) {
    lock.lock();
    try {
      if (closed) {
        throw NacelleException.usage("the spiking network is closed", "make another");
      }
      return Failures.guard(action);
    } finally {
      lock.unlock();
    }
  }

  /** Gives everything back; a second call does nothing. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        owner.forget(this);
        Failures.guard(
            () -> {
              dropTrainer();
              model.close();
              engine.close();
              return true;
            });
      }
    } finally {
      lock.unlock();
    }
  }
}
