package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.LowRankPair;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Operand;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * AdamW over an adapter's parameters, the As as one group, the Bs as another with its own rate; or
 * over any parameters as one group.
 */
final class Optimizer implements AutoCloseable {
  private static final class State {
    private final Parameter parameter;
    private Moments moments;

    State(Parameter parameter, Moments moments) {
      this.parameter = parameter;
      this.moments = moments;
    }
  }

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
        named.addAll(s.moments.named(s.parameter.name()));
      }
    }
    return named;
  }

  /**
   * Reads back what {@link #moments} wrote.
   *
   * @throws NacelleException of kind INPUT where the file's tensors are not this adapter's
   */
  void restore(SafetensorsFile file) {
    for (List<State> group : List.of(as, bs)) {
      for (State s : group) {
        int bits = Moments.bits(file, s.parameter);
        if (bits != s.moments.bits()) {
          Moments other = Moments.fresh(engine.allocator(), s.parameter, bits);
          s.moments.release();
          s.moments = other;
        }
        s.moments.read(file, s.parameter.name());
      }
    }
  }

  /**
   * Holds all moments in so many bits: 32 or 8. Where this fails some may be in the old form yet,
   * and all are right.
   *
   * @param step steps taken: what narrowing rounds by
   */
  void useBits(int bits, long step) {
    for (List<State> group : List.of(as, bs)) {
      for (State s : group) {
        if (s.moments.bits() != bits) {
          Moments other = s.moments.inBits(engine.allocator(), s.parameter, bits, step);
          s.moments.release();
          s.moments = other;
        }
      }
    }
  }

  private State state(Parameter parameter) {
    return new State(parameter, Moments.fresh(engine.allocator(), parameter, 32));
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

  /**
   * Updates one parameter alone and gives its gradient back.
   *
   * @return its gradient's norm; where that is not finite, nothing was changed
   */
  double step(Parameter parameter, long step, double rate) {
    for (State s : as) {
      if (s.parameter == parameter) {
        return updateAlone(s, step, rate);
      }
    }
    for (State s : bs) {
      if (s.parameter == parameter) {
        return updateAlone(s, step, rate * settings.loraPlusRatio());
      }
    }
    throw new IllegalStateException(parameter.name() + " is not one of the optimiser's");
  }

  private double updateAlone(State s, long step, double rate) {
    Tensor gradient = s.parameter.gradient();
    if (gradient == null) {
      return 0;
    }
    double norm = engine.kernels().clipGradNorm().norm(List.of(gradient.operand()));
    if (Double.isFinite(norm)) {
      update(List.of(s), step, rate);
      s.parameter.releaseGradient();
    }
    return norm;
  }

  private void update(List<State> group, long step, double rate) {
    List<AdamW.Slot> slots = new ArrayList<>(group.size());
    List<AdamW.EightBitSlot> eightBit = new ArrayList<>();
    for (State s : group) {
      Tensor gradient = s.parameter.gradient();
      if (gradient != null && s.moments.bits() == 32) {
        slots.add(s.moments.slot(s.parameter, gradient));
      } else if (gradient != null) {
        eightBit.add(s.moments.eightBitSlot(s.parameter, gradient));
      }
    }
    AdamW adamW = engine.kernels().adamW();
    double beta1 = settings.beta1();
    double beta2 = settings.beta2();
    double eps = settings.eps();
    double decay = settings.weightDecay();
    if (!slots.isEmpty()) {
      adamW.step(slots, step, rate, beta1, beta2, eps, decay);
    }
    if (!eightBit.isEmpty()) {
      adamW.stepEightBit(eightBit, step, rate, beta1, beta2, eps, decay);
    }
  }

  /**
   * Makes all gradients before the first of several passes: made in backward they would lie amid
   * its activations, and leave the next pass holes instead of room.
   */
  void openGradients() {
    as.forEach(s -> s.parameter.openGradient(engine.allocator()));
    bs.forEach(s -> s.parameter.openGradient(engine.allocator()));
  }

  void releaseGradients() {
    as.forEach(s -> s.parameter.releaseGradient());
    bs.forEach(s -> s.parameter.releaseGradient());
  }

  @Override
  public void close() {
    for (List<State> group : List.of(as, bs)) {
      for (State s : group) {
        s.moments.release();
      }
    }
  }
}
