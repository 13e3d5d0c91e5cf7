package dev.nacelle.train;

import dev.nacelle.adapter.LowRankPair;
import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Operand;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** AdamW over an adapter's parameters: the As as one group, the Bs as another with its own rate. */
final class Optimizer implements AutoCloseable {
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
