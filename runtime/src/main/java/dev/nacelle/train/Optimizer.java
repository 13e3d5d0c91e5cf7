package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.LowRankPair;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Operand;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * AdamW over an adapter's parameters, the As as one group, the Bs as another with its own rate; or
 * over any parameters as one group.
 */
final class Optimizer implements AutoCloseable {
  private static final String FIRST = ".exp_avg";
  private static final String SECOND = ".exp_avg_sq";

  private record State(Parameter parameter, Tensor expAvg, Tensor expAvgSq) {}

  private final Engine engine;
  private final AdamSettings settings;
  private final List<State> as = new ArrayList<>();
  private final List<State> bs = new ArrayList<>();

  Optimizer(Engine engine, AdamSettings settings, List<LowRankPair> pairs) {
    this.engine = engine;
    this.settings = settings;
    try {
      for (LowRankPair pair : pairs) {
        as.add(state(pair.a()));
        bs.add(state(pair.b()));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private Optimizer(Engine engine, AdamSettings settings) {
    this.engine = engine;
    this.settings = settings;
  }

  /** AdamW over parameters that all have one rate. */
  static Optimizer ofOneRate(Engine engine, AdamSettings settings, List<Parameter> parameters) {
    Optimizer optimizer = new Optimizer(engine, settings);
    try {
      for (Parameter p : parameters) {
        optimizer.as.add(optimizer.state(p));
      }
    } catch (RuntimeException e) {
      optimizer.close();
      throw e;
    }
    return optimizer;
  }

  /** The moments under the parameters' names, to be written. */
  List<NamedTensor> moments() {
    List<NamedTensor> named = new ArrayList<>();
    for (List<State> group : List.of(as, bs)) {
      for (State s : group) {
        named.add(named(s.parameter.name() + FIRST, s.expAvg));
        named.add(named(s.parameter.name() + SECOND, s.expAvgSq));
      }
    }
    return named;
  }

  private static NamedTensor named(String name, Tensor moment) {
    return NamedTensor.of(
        name,
        moment.dtype(),
        moment.shape(),
        moment.storage().buffer().slice(0, moment.byteSize()));
  }

  /**
   * Reads back what {@link #moments} wrote.
   *
   * @throws NacelleException of kind INPUT where the file's tensors are not this adapter's
   */
  void restore(SafetensorsFile file) {
    for (List<State> group : List.of(as, bs)) {
      for (State s : group) {
        read(file, s.parameter.name() + FIRST, s.expAvg);
        read(file, s.parameter.name() + SECOND, s.expAvgSq);
      }
    }
  }

  private static void read(SafetensorsFile file, String name, Tensor moment) {
    TensorEntry entry = file.entry(name);
    if (entry.dtype() != DType.FP32 || !Arrays.equals(entry.shape(), moment.shape())) {
      throw NacelleException.input(
          file.path() + ": " + name + " is " + entry.describe() + ", not " + moment,
          "start anew with --overwrite instead of --resume");
    }
    moment.storage().buffer().copyFrom(0, file.data(name), 0, moment.byteSize());
  }

  private State state(Parameter parameter) {
    long[] shape = parameter.value().shape();
    Tensor expAvg = engine.allocator().zeros(LedgerClass.OPTIMIZER, DType.FP32, shape);
    try {
      return new State(
          parameter, expAvg, engine.allocator().zeros(LedgerClass.OPTIMIZER, DType.FP32, shape));
    } catch (RuntimeException e) {
      expAvg.release();
      throw e;
    }
  }

  /** √Σg² over all gradients; scaled down to {@code maxNorm} where that is above 0. */
  double clip(double maxNorm) {
    List<Operand> gradients = new ArrayList<>();
    for (List<State> group : List.of(as, bs)) {
      for (State s : group) {
        Tensor gradient = s.parameter.gradient();
        if (gradient != null) {
          gradients.add(gradient.operand());
        }
      }
    }
    var kernel = engine.kernels().clipGradNorm();
    return maxNorm > 0 ? kernel.clip(gradients, maxNorm) : kernel.norm(gradients);
  }

  /**
   * @param step counts from 1
   * @param rate the learning rate of A
   */
  void step(long step, double rate) {
    update(as, step, rate);
    update(bs, step, rate * settings.loraPlusRatio());
  }

  private void update(List<State> group, long step, double rate) {
    List<AdamW.Slot> slots = new ArrayList<>(group.size());
    for (State s : group) {
      Tensor gradient = s.parameter.gradient();
      if (gradient != null) {
        slots.add(
            new AdamW.Slot(
                s.parameter.value().operand(),
                gradient.operand(),
                s.expAvg.operand(),
                s.expAvgSq.operand()));
      }
    }
    engine
        .kernels()
        .adamW()
        .step(
            slots,
            step,
            rate,
            settings.beta1(),
            settings.beta2(),
            settings.eps(),
            settings.weightDecay());
  }

  void releaseGradients() {
    as.forEach(s -> s.parameter.releaseGradient());
    bs.forEach(s -> s.parameter.releaseGradient());
  }

  @Override
  public void close() {
    for (List<State> group : List.of(as, bs)) {
      for (State s : group) {
        s.expAvg.release();
        s.expAvgSq.release();
      }
    }
  }
}
